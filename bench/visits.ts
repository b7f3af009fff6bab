// What one visitor costs a node, part by part: socket, view, room, and what another node tells. The capacity model rests on it.
import { Agent, get } from "node:http";
import { startRedis } from "../src/testing/redis-server.js";
import { convive } from "./macro/contenders/convive.js";
import { each, visit, type Visitor } from "./macro/contender.js";
import { middle, mustBeQuiet, settle } from "./macro/contest.js";
import { CoreWatch, LOAD_CORE, pinSelf } from "./macro/cores.js";
import { refuseMissing } from "./macro/refusal.js";
import { ServerProcess } from "./macro/server-process.js";
import { spinFor, spinUntil } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "visits";
const ROUNDS = 5;
/** that count for nothing: code is compiled in them */
const WARMING = 2;
const VISITS = 300;
const PEOPLE = 100;
const MEMBERS = 2_000;
const CHANGES = 300;
const KIB = 1_024;
const PATIENCE_MS = 30_000;
/** Longer than a room's tick: each change is told at once. */
const GAP_MS = 60;
const TICKS = 20;
/** Longer than a tick of cursors. */
const TICK_GAP_MS = 45;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
type Sample = Readonly<Record<string, number>>;

/** ms of processor time that a server takes for some work. */
async function costOf(server: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  await settle(server);
  await server.begin();
  await work();
  await spinFor(GAP_MS);
  return (await server.end()).cpuMs;
}

function fetchPage(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: "127.0.0.1", path, agent }, (response) => {
      let html = "";
      response.setEncoding("utf8").on("data", (text: string) => (html += text));
      response.on("end", () => resolve(html));
    });
    request.on("error", reject);
  });
}

/** Each asks something, all at once, and is answered. */
function answered(visitors: readonly Visitor[], ask: (visitor: Visitor) => void): Promise<unknown> {
  return Promise.all(
    visitors.map((visitor) => {
      const answer = visitor.line.next("an answer", (payload) => payload.includes('"phx_reply"'));
      ask(visitor);
      return answer;
    }),
  );
}

/** A page, its socket, a room: with a hundred names in it, or one's own. */
async function visiting(server: ServerProcess, number: number): Promise<Sample> {
  const { port } = server;
  const per = (ms: number) => (1_000 * ms) / VISITS;
  const page = per(await costOf(server, () => each(VISITS, () => fetchPage(port, "/boards/full"))));
  const come = (of: (at: number) => { room: string; name?: string }) => {
    return each(VISITS, (at) => visit(convive, port, { id: `${number}-${at}`, ...of(at) }));
  };
  const visitors: Visitor[] = await each(VISITS, (at) => convive.open(port, { room: "full", id: `${number}-${at}` }));
  const looking = per(await costOf(server, () => answered(visitors, (visitor) => visitor.enter())));
  const own = (at: number) => ({ room: `own-${number}-${at}`, name: "Ann" });
  const alone = per(await costOf(server, async () => visitors.push(...(await come(own)))));
  const leaving = visitors.slice(VISITS);
  const left = per(await costOf(server, () => answered(leaving, (visitor) => visitor.leave())));
  for (const { line } of visitors) line.destroy();
  return {
    "a view in a room that is there, 100 names": looking,
    "a socket, a view and a room of its own": alone - page,
    "the end of a view and a room of its own": left,
  };
}

/** People come on one node, and one viewer of each room is on another. */
async function elsewhere([here, there]: readonly [ServerProcess, ServerProcess], number: number): Promise<Sample> {
  const room = (at: number) => `both-${number}-${at}`;
  const watching = await each(CHANGES, (at) => visit(convive, there.port, { room: room(at), id: `w${at}` }));
  const coming = await each(CHANGES, (at) => convive.open(here.port, { room: room(at), id: `p${at}`, name: "Ann" }));
  await settle(here);
  await settle(there);
  const frames = () => watching.reduce((sum, { line }) => sum + line.frames, 0);
  const before = frames();
  await Promise.all([here.begin(), there.begin()]);
  // All at once: a node that is worth its core does not sleep between two changes.
  for (const visitor of coming) visitor.enter();
  await spinUntil(() => frames() - before >= CHANGES, PATIENCE_MS);
  const [joining, hearing] = await Promise.all([here.end(), there.end()]);
  refuseMissing("changes that another node tells", Math.min(frames() - before, CHANGES), CHANGES);
  const per = (ms: number) => (1_000 * ms) / CHANGES;
  const pointing = await pointers([here, there], coming, frames);
  for (const { line } of [...watching, ...coming]) line.destroy();
  return {
    ...pointing,
    "a join told by another node, 1 viewer": per(hearing.cpuMs),
    "a view and a room of its own, over Redis": per(joining.cpuMs),
  };
}

/** One moves in each room, and one looks on from the other node. */
async function pointers(
  [here, there]: readonly [ServerProcess, ServerProcess],
  movers: readonly Visitor[],
  frames: () => number,
): Promise<Sample> {
  await settle(here);
  await settle(there);
  const before = frames();
  await Promise.all([here.begin(), there.begin()]);
  for (let tick = 1; tick <= TICKS; tick += 1) {
    for (const mover of movers) mover.point(tick, tick);
    await spinFor(TICK_GAP_MS);
  }
  const [telling, hearing] = await Promise.all([here.end(), there.end()]);
  const told = frames() - before;
  return {
    "a tick of cursors told by another node, 1 viewer": (1_000 * hearing.cpuMs) / told,
    "a tick of cursors told to another node, 1 mover": (1_000 * telling.cpuMs) / told,
  };
}

/** What one more holds of a server's memory, as far as it can be reached: pages that the process keeps for later would hide a name. */
async function memoryOf(server: ServerProcess, of: (at: number) => { room: string; name?: string }): Promise<number> {
  const held = async () => {
    await settle(server);
    const { heapBytes, externalBytes } = await server.memory();
    return (heapBytes + externalBytes) / KIB;
  };
  const come = (from: number) =>
    each(MEMBERS, (at) => visit(convive, server.port, { id: `m${from + at}`, ...of(from + at) }));
  const first = await come(0);
  const before = await held();
  const more = await come(MEMBERS);
  const after = await held();
  for (const { line } of [...first, ...more]) line.destroy();
  return (after - before) / MEMBERS;
}

async function memory(): Promise<Measurement[]> {
  const rows = {
    "heap and external per viewer in one room": () => ({ room: "look" }),
    "heap and external per person in one room": (at: number) => ({ room: "named", name: `Person ${at}` }),
    "heap and external per viewer in a room of its own": (at: number) => ({ room: `own-${at}` }),
  };
  const found: Measurement[] = [];
  for (const [name, of] of Object.entries(rows)) {
    const server = await ServerProcess.start(convive.program);
    found.push({ case: name, value: await memoryOf(server, of), unit: "KiB" });
    await server.stop();
  }
  return found;
}

async function times(): Promise<Measurement[]> {
  const redis = await startRedis();
  const env = { REDIS_URL: redis.url };
  const single = await ServerProcess.start(convive.program);
  const nodes = [
    await ServerProcess.start(convive.program, { env }),
    await ServerProcess.start(convive.program, { env }),
  ];
  try {
    await each(PEOPLE, (at) =>
      visit(convive, single.port, { room: "full", id: `p${at}`, name: `Person ${1_000 + at}` }),
    );
    const samples: Sample[] = [];
    let foreign: number | null = null;
    for (let number = 0; number < WARMING + ROUNDS; number += 1) {
      const watch = new CoreWatch(ServerProcess.running());
      const apart = await elsewhere([nodes[0]!, nodes[1]!], number);
      const sample = { ...(await visiting(single, number)), ...apart };
      const taken = watch.foreign();
      if (number < WARMING) continue;
      samples.push(sample);
      if (taken !== null) foreign = Math.max(foreign ?? 0, taken);
    }
    const names = Object.keys(samples[0]!);
    const found = new Map(names.map((name) => [name, middle(samples.map((sample) => sample[name]!))]));
    // There is no raw server here. How far a round is off in all it measured tells how quiet it was; each part alone is small.
    const levels = samples.map((sample) =>
      names.reduce((sum, name) => sum + sample[name]! / found.get(name)!.value, 0),
    );
    mustBeQuiet(NAME, foreign, levels);
    return names.map((name) => ({ case: name, ...found.get(name)!, unit: "µs" }));
  } finally {
    for (const server of [single, ...nodes]) await server.stop();
    await redis.stop();
  }
}

async function run(): Promise<Result[]> {
  pinSelf(LOAD_CORE);
  return [...(await times()), ...(await memory())].map((measurement) => resultOf(NAME, measurement));
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
