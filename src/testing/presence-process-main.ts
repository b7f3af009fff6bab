// A node in a process of its own, told by its parent what to do; PresenceProcess is the parent's side.
import { randomUUID } from "node:crypto";
import { RoomVisit } from "../presence/room-visit.js";
import type { RoomChange } from "../presence/roster.js";
import { NAIVE_PARTS } from "./naive-rules.js";
import { QUICK_LIMITS, startRedisNode } from "./redis-node.js";
import type { PresenceCommands, PresenceStart, ToChild, ToParent } from "./presence-process.js";

const say = (message: ToParent) => void process.send?.(message);
const fail = (error: unknown) =>
  say({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on("unhandledRejection", fail);
process.on("uncaughtException", fail);
process.on("warning", fail);
process.on("disconnect", () => process.exit(0));

const { url, limits, naive } = JSON.parse(process.argv[2]!) as PresenceStart;
const { node, presence, backend } = await startRedisNode(url, {
  ...(naive ? NAIVE_PARTS[naive] : {}),
  limits: { ...QUICK_LIMITS, ...limits },
  mustOpen: false,
});
const visits = new Map<string, RoomVisit>();

function tell(key: string, { joins, updates, leaves, reasons }: RoomChange): void {
  const told = [
    ...leaves.map(({ id }) => `-${id} ${reasons.get(id)}`),
    ...joins.map(({ id }) => `+${id}`),
    ...updates.map(({ id }) => `~${id}`),
  ];
  const at = Number(process.hrtime.bigint() / 1_000_000n);
  for (const change of told) say({ told: { at, key, change } });
}

function visitOf(connectionId: string): RoomVisit {
  const visit = visits.get(connectionId);
  if (!visit) throw new Error(`there is no connection ${connectionId}`);
  return visit;
}

const commands: PresenceCommands = {
  async observe(key) {
    const { room } = await node.host("", key);
    room.watch({ changed: (change) => tell(key, change) });
    const ids = room.everybody.map(({ id }) => id);
    say({ begun: { key, ids } });
    return ids;
  },
  async join(key, userId, meta = {}, connectionId = randomUUID()) {
    const isLasting = true;
    const visitor = { tenant: "", key, user: { id: userId }, userId, connectionId, via: "view", isLasting } as const;
    const visit = new RoomVisit(node, visitor, {});
    visits.set(connectionId, visit);
    await visit.track(meta);
    return connectionId;
  },
  async update(connectionId, meta) {
    const visit = visitOf(connectionId);
    await (visit.isTracked ? visit.update(meta) : visit.track(meta));
  },
  async drop(connectionId, graceMs = node.limits.graceUnloadMs) {
    visitOf(connectionId).park(graceMs);
  },
  async resume(connectionId) {
    const visit = visitOf(connectionId);
    await visit.resume();
    // Its grace was over: a page that comes so late is mounted anew.
    if (!visit.isTracked) await visit.track({});
  },
  async leave(connectionId) {
    await visitOf(connectionId).untrack();
  },
  async end(connectionId, reason = "closed") {
    const visit = visitOf(connectionId);
    visits.delete(connectionId);
    await visit.end(reason);
  },
  async list(key) {
    const room = node.find("", key);
    return (room?.everybody ?? []).map(({ id, connections, meta }) => ({ id, connections, meta }));
  },
  async count(key) {
    return presence.presenceCount(key);
  },
  async stored(key) {
    return backend.count(node.nameOf("", key));
  },
  async stats() {
    globalThis.gc?.();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    return { heapBytes: process.memoryUsage().heapUsed, resources, rooms: node.rooms.length, visits: visits.size };
  },
  async state() {
    return { incarnation: node.incarnation, isDegraded: node.isDegraded };
  },
  async reject(message) {
    void Promise.reject(new Error(message));
  },
  async close() {
    await presence.close();
  },
};

/** Where the words of a command name a connection. */
const CONNECTION_AT = { join: 3, update: 0, drop: 0, resume: 0, leave: 0, end: 0 } as const;
const lastOf = new Map<string, Promise<unknown>>();

/** What concerns one connection happens one after the other, as in a page's mailbox. */
function perform({ name, words }: ToChild): Promise<unknown> {
  const command = commands[name] as (...words: readonly unknown[]) => Promise<unknown>;
  const connectionId = words[CONNECTION_AT[name as keyof typeof CONNECTION_AT]];
  if (typeof connectionId !== "string") return command(...words);
  const done = (lastOf.get(connectionId) ?? Promise.resolve()).then(() => command(...words));
  const last = done.catch(() => {});
  lastOf.set(connectionId, last);
  void last.then(() => lastOf.get(connectionId) === last && lastOf.delete(connectionId));
  return done;
}

process.on("message", (message: ToChild) => {
  const { id } = message;
  perform(message).then(
    (answer) => say({ id, answer }),
    (error: Error) => say({ id, error: error.message }),
  );
});
say({ ready: true });
