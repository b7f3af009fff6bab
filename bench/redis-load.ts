// Many rooms on nodes that share a Redis: what they ask of it when nothing happens, and what happens when one dies.
import { systemClock } from "../src/clock.js";
import { RedisLink } from "../src/redis/link.js";
import { RedisMonitor } from "../src/testing/redis-monitor.js";
import { silentLogger } from "../src/testing/silent-logger.js";
import { median, spread } from "./measure.js";
import { machineMs } from "./redis-work.js";
import { pause, until, withCrew, type Crew } from "./redis-crew.js";
import type { Measurement } from "./result.js";

const ROOMS = 5_000;
const MINUTE_S = 60;
/** One write per connection and 30 s. */
const PEERS_PER_SECOND = (2 * ROOMS) / 30;
/** A short lease, so that the bench need not wait for its end. */
const SHORT_LEASE = { leaseMs: 6_000, auditMs: 2_500, redisCommandMs: 2_000 };
const UNSWEPT = "{convive:nodes}:unswept";
const DEATHS = 5;

/** Two nodes with a connection each in all rooms, for a minute in which nobody comes or goes. */
export async function quiet(): Promise<Measurement[]> {
  return withCrew(2, {}, async (crew) => {
    await enterAll(crew);
    const monitor = await RedisMonitor.start(crew.server.port);
    const before = await cpu(crew);
    await pause(MINUTE_S * 1_000);
    const { sent, inside } = await monitor.count();
    const spent = (await cpu(crew)) - before;
    monitor.stop();
    const baseline = { name: "a write per connection and 30 s", value: PEERS_PER_SECOND };
    const of = `${2 * ROOMS} connections, ${ROOMS} rooms, 2 nodes, a quiet minute`;
    const unit = "per second";
    return [
      { case: `${of}: commands`, value: sent / MINUTE_S, unit, baseline, target: { value: 20 } },
      { case: `${of}: calls inside scripts`, value: inside / MINUTE_S, unit, target: { value: 60 } },
      { case: `${of}: processor time of both nodes`, value: spent / MINUTE_S, unit: "ms per second" },
    ];
  });
}

/** A node is killed that has a connection in all rooms; one that hosts them too, and one that hosts nothing, sweep. */
export async function deaths(): Promise<Measurement[]> {
  const sweeps: number[] = [];
  const tellings: number[] = [];
  for (let death = 0; death < DEATHS; death += 1) {
    const { sweptMs, toldMs } = await withCrew(3, SHORT_LEASE, killOne);
    sweeps.push(sweptMs);
    tellings.push(toldMs);
  }
  const of = `a node with ${ROOMS} rooms is killed: from its condemnation`;
  return [
    { case: `${of} until all are swept`, ...timed(sweeps), target: { value: 1_000 } },
    { case: `${of} until the last leave is told`, ...timed(tellings), target: { value: 1_000 } },
  ];
}

async function killOne(crew: Crew): Promise<{ sweptMs: number; toldMs: number }> {
  const [dying, host, idle] = crew.nodes;
  await enterAll({ ...crew, nodes: [dying!, host!] });
  await idle!.work.watch("elsewhere");
  const place = crew.server.url;
  const link = new RedisLink({ place, deadlineMs: 5_000, clock: systemClock, logger: silentLogger });
  const unswept = async () => ((await link.call("ZCARD", UNSWEPT)) as number) > 0;
  dying!.kill();
  await until("the node's condemnation", unswept);
  const condemnedMs = machineMs();
  await until("the sweep", async () => !(await unswept()));
  const sweptMs = machineMs() - condemnedMs;
  await until("the last leave", async () => (await host!.work.left()).count === ROOMS);
  const toldMs = (await host!.work.left()).lastMs - condemnedMs;
  await link.close();
  return { sweptMs, toldMs };
}

async function enterAll({ nodes }: Crew): Promise<void> {
  for (const [i, { work }] of nodes.entries()) await work.enterRooms(ROOMS, `user-${i}`);
  for (const { work } of nodes) {
    await until("a list of all", async () => (await work.roomsOf(nodes.length)) === ROOMS);
  }
}

async function cpu({ nodes }: Crew): Promise<number> {
  const spent = await Promise.all(nodes.map(({ work }) => work.cpuMs()));
  return spent.reduce((sum, each) => sum + each, 0);
}

function timed(values: readonly number[]): Pick<Measurement, "value" | "unit" | "spread"> {
  return { value: median(values), unit: "ms", spread: spread(values) };
}
