import type { NodesSummary } from "../presence/backend.js";
import { TTL_OWNER } from "../presence/presence.js";
import { RedisInspection } from "../presence/redis-inspection.js";
import { EXIT, type Exit } from "./exit.js";
import type { Command, Invocation, OpenStore } from "./invocation.js";
import { processesOf } from "./rooms.js";
import { namedRoom } from "./room-names.js";
import { counted, table } from "./text.js";

interface Share {
  rooms: number;
  connections: number;
}

interface Totals {
  readonly rooms: number;
  readonly people: number;
  readonly connections: number;
  readonly withoutProcess: number;
  readonly tenants: number;
  readonly shares: ReadonlyMap<string, Share>;
}

interface NodeRow extends Share {
  readonly incarnation: string;
  readonly state: "alive" | "ended" | "no lease";
  readonly leaseMs: number;
}

export const statsCommand: Command = {
  name: "stats",
  words: [],
  summary: "count nodes, rooms, people and keys",
  more: "A person in two rooms counts twice. Keys are those of rooms with somebody in them, and of nodes.",
  options: {},
  run: showStats,
};

async function showStats(invocation: Invocation): Promise<Exit> {
  const store = await invocation.open();
  const totals = await count(store, invocation);
  const summary = await store.backend.nodes();
  const nodes = rowsOf(summary, totals.shares);
  const { keys, bytes } = await new RedisInspection(store.link, store.keys).weigh((done) => {
    invocation.print.progress(`${counted(done, "key")} …`);
  });
  const { rooms, people, connections, withoutProcess, tenants } = totals;
  const { storeTime, silentMs } = summary;
  const facts = { rooms, people, connections, withoutProcess, tenants, keys, bytes, storeTime, silentMs };
  invocation.print.result({ ...facts, nodes }, [...lines(facts, nodes)].join("\n"));
  return EXIT.ok;
}

async function count({ backend }: OpenStore, { print }: Invocation): Promise<Totals> {
  const shares = new Map<string, Share>();
  const tenants = new Set<string>();
  let [rooms, people, connections] = [0, 0, 0];
  for await (const page of backend.rooms()) {
    for (const each of page) {
      rooms += 1;
      people += each.people;
      connections += each.connections;
      tenants.add(namedRoom(each.room).tenant);
      for (const [owner, own] of each.owners) {
        const share = shares.get(owner) ?? { rooms: 0, connections: 0 };
        shares.set(owner, { rooms: share.rooms + 1, connections: share.connections + own });
      }
    }
    print.progress(`${counted(rooms, "room")} …`);
  }
  const withoutProcess = shares.get(TTL_OWNER)?.connections ?? 0;
  shares.delete(TTL_OWNER);
  tenants.delete("");
  return { rooms, people, connections, withoutProcess, tenants: tenants.size, shares };
}

function rowsOf({ nodes }: NodesSummary, shares: ReadonlyMap<string, Share>): NodeRow[] {
  const none = { rooms: 0, connections: 0 };
  const known = new Set(nodes.map(({ incarnation }) => incarnation));
  const orphans = [...shares].filter(([incarnation]) => !known.has(incarnation));
  return [
    ...nodes.map(({ incarnation, state, leaseMs }) => ({
      incarnation,
      state,
      leaseMs,
      ...(shares.get(incarnation) ?? none),
    })),
    ...orphans.map(([incarnation, share]) => ({ incarnation, state: "no lease", leaseMs: 0, ...share }) as const),
  ];
}

type Facts = Omit<Totals, "shares"> & {
  readonly keys: number;
  readonly bytes: number;
  readonly storeTime: number;
  readonly silentMs: number | null;
};

function* lines(facts: Facts, nodes: readonly NodeRow[]): Generator<string> {
  const processes = processesOf(nodes.filter(({ state }) => state === "alive").map(({ incarnation }) => incarnation));
  const { rooms, people, connections, withoutProcess, tenants, keys, bytes, storeTime, silentMs } = facts;
  yield `nodes        ${processes.size}`;
  yield `rooms        ${rooms}${tenants > 0 ? `, of ${counted(tenants, "tenant")}` : ""}`;
  yield `people       ${people}`;
  yield `connections  ${connections}${withoutProcess > 0 ? `, ${withoutProcess} of them without a process` : ""}`;
  yield `keys         ${keys}, ${sizeOf(bytes)}`;
  yield `store clock  ${seconds(storeTime)}, ${silentMs === null ? "no node ever ticked" : `last tick ${seconds(silentMs)} ago`}`;
  if (nodes.length > 0) {
    yield "";
    yield table(
      ["NODE", "STATE", "LEASE", "ROOMS", "CONNECTIONS"],
      nodes.map(({ incarnation, state, leaseMs, rooms: own, connections: carried }) => {
        return [incarnation, state, state === "alive" ? seconds(leaseMs) : "-", own, carried];
      }),
    );
  } else yield "";
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function sizeOf(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`;
  return bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
