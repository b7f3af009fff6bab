// Rooms, nodes and a Redis for some seconds: who comes and goes by chance, and what it takes. The same seed gives the same outcome.
import type { Costs } from "./costs.js";
import { BUCKETS } from "./cluster.js";
import { cursorTickMs } from "./model.js";
import { below, nextIn } from "./population.js";
import { seat } from "./seats.js";
import { spreadOf, sum, type Spread } from "./spread.js";
import { changesPerS, type Workload } from "./workload.js";
import { World, type Deployment, type Hosting, type Work } from "./world.js";

export interface Outcome {
  readonly viewers: number;
  readonly rooms: number;
  /** rooms, each counted on every node that hosts it */
  readonly hosted: number;
  /** of rooms, per second */
  readonly changes: number;
  /** of changes, per second; a room tells several together */
  readonly tellings: number;
  /** to viewers per second, those of cursors included */
  readonly frames: number;
  /** through Redis per second; each goes to every server of a Cluster */
  readonly messages: number;
  /** sent to Redis per second */
  readonly commands: number;
  /** share of a core, of each node and second */
  readonly cpu: Spread;
  /** cores of all nodes together */
  readonly parts: Readonly<Record<Work, number>>;
  readonly people: Spread;
  readonly memoryMib: Spread;
  /** to viewers per second */
  readonly sentMib: Spread;
  /** share of a core, of each server of Redis and second */
  readonly redis: Spread;
  /** what messages of others take of a server, whatever the number of servers */
  readonly bus: number;
  readonly redisMib: Spread;
}

const MIB = 2 ** 20;
/** Heads of TCP, IP and Ethernet around each frame. */
const HEADS_BYTES = 70;
/** Without moves in it. */
const TICK_BYTES = 60;
/** Entries of a register that are read at once. */
const PAGE = 500;

/**
 * @example
 * const { cpu, redis } = simulate(MILLION, roomSizes(MILLION), costsFrom(readRecorded()), { nodes: 100, shards: 6 });
 */
export function simulate(workload: Workload, sizes: readonly number[], costs: Costs, deployment: Deployment): Outcome {
  const world = new World(workload, costs, deployment);
  const { nodes, balancer = "least connections" } = deployment;
  const seats = seat(sizes, nodes, balancer, world.chance);
  let from = 0;
  for (const [at, size] of sizes.entries()) {
    const room = world.room(`room:${at}`, seats.subarray(from, from + size));
    from += size;
    settle(world, room);
    pass(world, room);
    if (size > 1 && size <= workload.cursorMost && world.chance() < workload.cursorShare) point(world, room);
  }
  for (let node = 0; node < nodes; node += 1) beat(world, node, nodes);
  return outcomeOf(world);
}

/** What is there while nobody comes or goes, and what viewers do to their own pages. */
function settle(world: World, room: Hosting): void {
  const { node, redis } = world.costs;
  const size = room.seats.length;
  for (const [at, host] of room.hosts.entries()) {
    const local = room.local[at]!;
    world.people[host]! += local;
    world.hosted[host]! += 1;
    world.kib[host]! += node.roomKib + size * node.recordKib + local * node.viewerKib;
    world.work(host, null, "visits", local * world.workload.eventsPerS * node.eventUs);
  }
  world.redisBytes[room.shard]! += redis.aloneBytes + (size - 1) * redis.connectionBytes;
  world.counts.rooms += 1;
}

/** Joins, leaves and changes of status, when chance has it; told at once, or with the next tick when the last telling is less than a tick ago. */
function pass(world: World, room: Hosting): void {
  const { workload, chance, seconds, limits } = world;
  const perS = changesPerS(workload) * room.seats.length;
  const local = new Map(room.hosts.map((host, at) => [host, room.local[at]!]));
  let [waitsUntil, freeAt] = [0, 0];
  for (let at = nextIn(perS, chance); at < seconds; at += nextIn(perS, chance)) {
    change(world, room, local, Math.floor(at));
    if (at < waitsUntil) continue;
    waitsUntil = Math.max(at, freeAt);
    freeAt = waitsUntil + limits.roomTickMs / 1_000;
    if (waitsUntil < seconds) tell(world, room, Math.floor(waitsUntil));
  }
}

/** One change: its node writes it, Redis tells the others. */
function change(world: World, room: Hosting, local: ReadonlyMap<number, number>, second: number): void {
  const { workload, chance, costs, seconds } = world;
  const { node, redis } = costs;
  const host = room.seats[below(room.seats.length, chance)]!;
  const kind = chance() * changesPerS(workload) * workload.stayS;
  world.counts.changes += 1 / seconds;
  world.message(room.shard, second, room.hosts);
  for (const other of room.hosts) if (other !== host) world.work(other, second, "elsewhere", node.hearUs);
  // Over Redis a node hears its own, too.
  world.work(host, second, "visits", node.hearUs);
  if (kind >= 2) return world.ask(room.shard, second, redis.statusUs);
  const isAlone = local.get(host) === 1;
  if (kind >= 1) {
    world.work(host, second, "visits", node.endUs);
    return world.ask(room.shard, second, redis.leaveUs);
  }
  world.work(host, second, "visits", node.pageUs + node.socketUs + node.viewUs + (isAlone ? node.roomUs : 0));
  world.ask(room.shard, second, redis.joinUs);
  if (isAlone)
    world.ask(room.shard, second, redis.subscribeUs + redis.readUs + room.seats.length * redis.readPersonUs, 3);
}

/** Every node that hosts the room tells its viewers. */
function tell(world: World, room: Hosting, second: number): void {
  const { node } = world.costs;
  world.counts.tellings += 1 / world.seconds;
  world.counts.frames += room.seats.length / world.seconds;
  for (const [at, host] of room.hosts.entries()) {
    const local = room.local[at]!;
    world.work(host, second, "telling", node.changeUs + local * node.changeViewerUs);
    world.sent[host]! += (local * (node.changeBytes + HEADS_BYTES)) / world.seconds;
  }
}

/** Some move all the time: each node collects its own, tells the others once a tick, and all its viewers of everybody. */
function point(world: World, room: Hosting): void {
  const { workload, costs, limits, chance } = world;
  const { node, redis } = costs;
  const movers = Math.max(1, Math.round(room.seats.length * workload.moving));
  const ticks = 1_000 / cursorTickMs(movers, limits);
  const moving = new Map<number, number>();
  for (let at = 0; at < movers; at += 1) {
    const host = room.seats[below(room.seats.length, chance)]!;
    moving.set(host, (moving.get(host) ?? 0) + 1);
  }
  for (const [host, here] of moving) {
    world.work(host, null, "cursors", here * workload.movesPerS * node.moveUs);
    if (room.hosts.length === 1) continue;
    world.ask(room.shard, null, ticks * redis.messageUs, ticks);
    world.message(room.shard, null, room.hosts, ticks);
    world.work(host, null, "elsewhere", ticks * node.tellTickUs);
    for (const other of room.hosts) if (other !== host) world.work(other, null, "elsewhere", ticks * node.hearTickUs);
  }
  world.counts.frames += ticks * room.seats.length;
  for (const [at, host] of room.hosts.entries()) {
    const local = room.local[at]!;
    world.work(host, null, "cursors", ticks * local * (node.tickViewerUs + movers * node.tickPairUs));
    world.sent[host]! += ticks * local * (TICK_BYTES + HEADS_BYTES + movers * node.tickMoverBytes);
  }
}

/** What a node asks while nobody comes or goes: its tick, the heads of its rooms, whether it is heard, and now and then who is dead and which rooms are empty. */
function beat(world: World, node: number, nodes: number): void {
  const { shards, limits, costs, hosted } = world;
  const { redis } = costs;
  const beatsPerS = 1_000 / limits.auditMs;
  const [prunesPerS, roomPrunesPerS] = [1_000 / limits.prunePresencesMs, 1_000 / limits.pruneRoomsMs];
  const entries = sum(hosted) / BUCKETS;
  world.ask(shards.ofRegistry, null, (1_000 / limits.nodeTickMs) * redis.tickUs, 1_000 / limits.nodeTickMs);
  world.ask(node % shards.count, null, beatsPerS * redis.messageUs, beatsPerS);
  world.message(node % shards.count, null, [node], beatsPerS);
  // One Redis is asked for all heads at once, a Cluster bucket by bucket.
  const commands = shards.count === 1 ? 1 / BUCKETS : 1;
  for (const shard of shards.ofBucket) {
    const heads = (hosted[node]! / BUCKETS) * redis.headUs;
    world.ask(shard, null, beatsPerS * (commands * redis.headsUs + heads), beatsPerS * commands);
    // The dead, and members without a process.
    world.ask(shard, null, prunesPerS * (redis.headsUs + nodes * redis.pruneNodeUs), 2 * prunesPerS);
    const pages = Math.max(1, entries / PAGE);
    world.ask(shard, null, roomPrunesPerS * (redis.headsUs + entries * redis.pruneRoomUs), roomPrunesPerS * 2 * pages);
  }
}

function outcomeOf(world: World): Outcome {
  const { costs, counts, shards, parts } = world;
  const cores = Object.entries(parts).map(([work, us]) => [work, us / 1_000_000]);
  return {
    ...counts,
    viewers: sum(world.people),
    hosted: sum(world.hosted),
    cpu: world.cpu.spread(),
    parts: Object.fromEntries(cores) as Outcome["parts"],
    people: spreadOf(world.people),
    memoryMib: spreadOf(world.kib.map((kib) => kib / 1_024)),
    sentMib: spreadOf(world.sent.map((bytes) => bytes / MIB)),
    redis: world.redis.spread(),
    bus: shards.count === 1 ? 0 : (counts.messages * costs.redis.busUs) / 1_000_000,
    redisMib: spreadOf(world.redisBytes.map((bytes) => bytes / MIB)),
  };
}
