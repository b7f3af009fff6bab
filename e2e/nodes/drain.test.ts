import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { until } from "../../src/testing/until.js";
import { AppCluster } from "./cluster.js";
import { checkInvariants, checkRest } from "./invariants.js";

const DRAIN_MS = 2_000;
/** More by hand. */
const PEOPLE = Number(process.env["NODES_PEOPLE"] ?? 50);

let cluster: AppCluster;
before(async () => {
  // Who comes back to a loaded machine has time for it.
  const limits = { graceBrokenMs: 12_000, leaseMs: 6_000 };
  cluster = await AppCluster.start({ drainMs: DRAIN_MS, limits });
});
after(() => cluster.stop());

/** How an upgrade is refused: with a status, or by nobody who listens. */
async function refusalOf(url: string): Promise<number | "gone"> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/convive/websocket?vsn=2.0.0`, {
    headers: { origin: url },
  });
  try {
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    return response.statusCode;
  } catch {
    return "gone";
  } finally {
    socket.on("error", () => {}).terminate();
  }
}

test("a node that is told to end hands its people over, and nobody sees anybody leave or join", async () => {
  const room = cluster.room();
  const [one] = cluster.nodes;
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  const users = Array.from({ length: PEOPLE }, (_, i) => `user${i}`);
  const tabs = await Promise.all(users.map((user) => cluster.open(0, { user, room })));
  await until(() => eve.changes.length === PEOPLE);
  const last = tabs.at(-1)!;
  // Its answer is lost with the socket; what it does is not.
  void last.event("slow", { ms: String(1.5 * DRAIN_MS) }).catch(() => {});
  await until(async () => (await one!.ask("handled")).length === 1);
  const ended = one!.end();
  let health: Response;
  await until(async () => (health = await fetch(`${one!.url}/healthz`)).status === 503);
  assert.deepEqual(await health!.json(), { status: "draining" });
  // A slow machine may be done with it by now.
  assert.ok([503, "gone"].includes(await refusalOf(one!.url)));
  cluster.lead(0, 1);
  await until(() => tabs.every(({ mounts }) => mounts === 2));
  assert.equal(await ended, 0);
  assert.deepEqual(one!.closed?.handled, [`${last.user} begins`, `${last.user} ends`]);
  assert.deepEqual(one!.failures, []);
  // On a slow machine some are cut before they have answered, or give up by themselves.
  const codes = new Set(tabs.map(({ ends }) => ends[0]!.code));
  assert.ok(codes.has(1_012), "nobody was told that it is a restart");
  assert.deepEqual(
    [...codes].filter((code) => code !== undefined && code !== 1_006),
    [1_012],
  );
  // Its lease is over as well, and what it left behind is swept.
  await until(async () => (await cluster.command("ZCARD", "{convive:nodes}:leases")) === 1);
  await checkInvariants(cluster, room);
  assert.equal(eve.changes.length, PEOPLE);
  for (const tab of tabs)
    assert.deepEqual(
      tab.heard.filter(({ mount }) => mount === 2),
      [],
    );
  await checkRest(cluster);
});
