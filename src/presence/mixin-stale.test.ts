import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveView } from "../live-view.js";
import { FakePage, servicesOf, type PageOptions } from "../testing/fake-page.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { PresenceMixin } from "./mixin.js";

class ListView extends PresenceMixin(LiveView)<{ name: string }> {
  static override presenceKey = "lobby";
  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId() });
  }
}

class AskingView extends ListView {
  get warning() {
    return this.presenceStale ? "reconnecting" : "";
  }
}

class TeamView extends ListView {
  team = this.presenceRoom("team");
  get warning() {
    return this.team.presenceStale ? "reconnecting" : "";
  }
}

function begin() {
  const cluster = new PresenceCluster();
  const node = cluster.start();
  const services = servicesOf(node);
  const open = <V extends LiveView<any>>(View: new (host: unknown) => V, options: PageOptions = {}) =>
    FakePage.open(cluster, services, View, { reads: ["presences"], ...options });
  return { cluster, link: node.link, open };
}

test("a view is told that its list may be out of date while the store is away, and that it is right again", async () => {
  const { cluster, link, open } = begin();
  const showing = await open(ListView, { reads: ["presences", "presenceStale"] });
  const quiet = await open(ListView);
  const asking = await open(AskingView);
  const pages = [showing, quiet, asking];
  await cluster.advance(200);
  assert.deepEqual(
    pages.map(({ it }) => it["presenceStale"]),
    [false, false, false],
  );
  for (const isAway of [true, false]) {
    const before = pages.map(({ renders }) => renders);
    link.isCut = isAway;
    await cluster.advance(3_000);
    assert.deepEqual(
      pages.map(({ it }) => it["presenceStale"]),
      [isAway, isAway, isAway],
    );
    assert.equal(asking.it["warning"], isAway ? "reconnecting" : "");
    assert.equal(showing.it["presences"], showing.view.listPresences());
    assert.deepEqual(
      pages.map(({ renders }, i) => renders - before[i]!),
      [1, 0, 1],
      "only who shows it is rendered again, once",
    );
  }
});

test("who mounts, or only fetches the page, while the store is away is told at once", async () => {
  const { cluster, link, open } = begin();
  link.isCut = true;
  const mounted = await open(ListView, { reads: ["presenceStale"] });
  const fetched = await open(ListView, { connected: false });
  for (const { it } of [mounted, fetched]) assert.equal(it["presenceStale"], true);
  link.isCut = false;
  await cluster.advance(3_000);
  assert.equal(mounted.it["presenceStale"], false);
  assert.equal((await open(ListView, { connected: false })).it["presenceStale"], false);
});

test("a second room says the same of itself", async () => {
  const { cluster, link, open } = begin();
  const page = await open(TeamView);
  await cluster.advance(200);
  assert.equal(page.it["warning"], "");
  const before = page.renders;
  link.isCut = true;
  await cluster.advance(3_000);
  assert.deepEqual([page.it["warning"], page.renders - before], ["reconnecting", 1]);
});

test("nobody is told anything of a room that he may not see", async () => {
  const cluster = new PresenceCluster({}, () => ({ see: false, track: true }));
  const node = cluster.start();
  const page = await FakePage.open(cluster, servicesOf(node), ListView, { reads: ["presenceStale"] });
  node.link.isCut = true;
  await cluster.advance(3_000);
  assert.equal(page.it["presenceStale"], false);
});
