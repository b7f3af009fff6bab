import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, test } from "node:test";
import { until } from "../../src/testing/until.js";
import { AppCluster } from "./cluster.js";
import { checkInvariants, checkRest } from "./invariants.js";
import { fetchPage, Tab } from "./tab.js";

/** More by hand: `NODES_CYCLES=10000`. */
const CYCLES = Number(process.env["NODES_CYCLES"] ?? 300);
const WORKERS = 16;
const VISITS = 8;
const GETS = 200;
const MEGABYTE = 1_048_576;

let cluster: AppCluster;
before(async () => {
  // The lease is renewed all the time, and visits end soon: their ends meet the beats.
  const limits = { nodeTickMs: 10, graceUnloadMs: 10, graceBrokenMs: 30 };
  cluster = await AppCluster.start({ limits, hasWays: true });
});
after(() => cluster.stop());

/** Keys and channels of rooms; those of the nodes themselves stay. */
async function traces(): Promise<string[]> {
  const keys = (await cluster.command("KEYS", "*")) as string[];
  const channels = (await cluster.command("PUBSUB", "CHANNELS")) as string[];
  return [...keys, ...channels].filter((each) => each.includes("room%3A"));
}

test("requests that nobody follows leave no trace: GET, HEAD, and those that are broken off", async () => {
  const room = cluster.room();
  const page = { user: "ann", room, origin: cluster.origin(0) };
  for (let i = 0; i < GETS; i += 10) {
    const requests = Array.from({ length: 10 }, (_, k) => fetchPage(page, k % 3 === 0 ? "HEAD" : "GET"));
    assert.ok((await Promise.all(requests)).every(({ status }) => status === 200));
    await brokenOff(`${page.origin}/rooms/${room}`);
  }
  assert.deepEqual(
    (await traces()).filter((each) => each.includes(room)),
    [],
  );
  assert.equal(await cluster.store.presenceCount(`room:${room}`), 0);
  await checkRest(cluster);
});

function brokenOff(url: string): Promise<void> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, headers: { cookie: "user=bob" } });
    request.on("error", () => resolve()).on("close", () => resolve());
    request.on("socket", (socket) => socket.on("connect", () => setImmediate(() => request.destroy())));
  });
}

test("visits that begin and end all the time, over a slow store, leave it empty and their joins and leaves even", async () => {
  const room = cluster.room();
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  for (const way of cluster.ways) way.delay(2, 2);
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, worker) => {
      for (let visit = 0; visit < VISITS; visit += 1) {
        const tab = await Tab.open({ user: `user${worker}`, room, origin: cluster.origin((worker + visit) % 2) });
        if (visit % 3 === 0) tab.close();
        else if (visit % 3 === 1) tab.terminate();
        else await tab.leave();
      }
    }),
  );
  await until(async () => (await cluster.store.presenceCount(`room:${room}`)) === 0);
  for (const way of cluster.ways) way.forward();
  const left = Array.from({ length: WORKERS }, (_, worker) => `user${worker}`);
  await checkInvariants(cluster, room, { left });
  assert.ok(eve.changes.length > 0);
  for (const user of left) {
    const signs = eve.changes.filter((change) => change.slice(1) === user).map((change) => change[0]);
    assert.equal(signs.length % 2, 0, `${user}: ${signs.join("")}`);
  }
  await checkRest(cluster);
});

test("pages that come and go in rooms of their own leave nothing: no room, timer, channel, key, nor memory", async () => {
  const cycle = async (i: number) => {
    const tab = await Tab.open({ user: `user${i % 7}`, room: `once-${i}`, origin: cluster.nodes[i % 2]!.url });
    tab.point(i % 100, 1);
    await tab.event("rename", { name: `name ${i}` });
    if (i % 2 === 0) tab.close();
    else tab.terminate();
  };
  const run = async (from: number, to: number) => {
    for (let i = from; i < to; i += 8) await Promise.all(Array.from({ length: 8 }, (_, k) => cycle(i + k)));
    await checkRest(cluster);
    return Promise.all(cluster.nodes.map(async (node) => (await node.ask("stats")).heapBytes));
  };
  const third = Math.round(CYCLES / 3);
  const warm = await run(0, third);
  const done = await run(third, CYCLES);
  for (const [i, heapBytes] of done.entries()) {
    const grown = (heapBytes - warm[i]!) / MEGABYTE;
    assert.ok(grown < 5, `the heap of node ${i} grew by ${grown} MB`);
  }
  // Heads outlive their rooms by two leases.
  await until(
    async () => (await traces()).length === 0,
    async () => (await traces()).slice(0, 20),
  );
});
