import assert from "node:assert/strict";
import { parse } from "node-html-parser";
import { until } from "../../src/testing/until.js";
import type { AppStats } from "./app-process.js";
import type { AppCluster } from "./cluster.js";
import { fetchPage, viewOf, type Tab } from "./tab.js";

export interface Allowed {
  /** Users who left, or were cut off for a lease: only of these may a leave be told. */
  readonly left?: readonly string[];
  /** Who is there without a tab of the test. */
  readonly others?: readonly string[];
  /** For those who expect a failure. */
  readonly deadlineMs?: number;
}

/** So many fresh renders are compared; more say nothing new. */
const MAX_RENDERS = 6;

/**
 * The invariants of every scenario, for one room: no ghost, nobody vanished, joins and leaves alternate, all nodes and the store agree,
 * counts and badges are the list, processes live without a rejection, and the HTML of tabs is what a fresh render gives.
 */
export async function checkInvariants(cluster: AppCluster, room: string, allowed: Allowed = {}): Promise<void> {
  const key = `room:${room}`;
  const tabs = cluster.tabs.filter((tab) => tab.key === key && !tab.isClosed);
  await until(
    () => tabs.every(({ isJoined }) => isJoined),
    () => "a tab is not connected",
  );
  const expected = expectedOf(tabs, allowed);
  await agreement(cluster, key, expected, allowed.deadlineMs);
  await shown(tabs, expected);
  const present = new Set(expected.keys());
  // What a view tells its page comes behind the HTML of the same turn.
  await until(
    () => tabs.every((tab) => isUpToDate(tab, present)),
    () => ({ present: [...present], tabs: tabs.map((tab) => [tab.user, tab.began.at(-1), tab.heard]) }),
  );
  for (const tab of tabs) checkStory(tab, present, new Set(allowed.left));
  for (const node of cluster.nodes) assert.deepEqual(node.failures, []);
  await sameAsFresh(tabs.slice(0, MAX_RENDERS));
}

/**
 * Behind a scenario: when all tabs are gone but those that it `keeps`, nothing of them is left in the nodes. Nodes that were killed are not
 * asked.
 */
export async function checkRest(
  cluster: AppCluster,
  { keeps = [], deadlineMs }: { readonly keeps?: readonly Tab[]; readonly deadlineMs?: number } = {},
): Promise<void> {
  const gone = cluster.tabs.filter((tab) => !keeps.includes(tab));
  cluster.tabs.splice(0, Infinity, ...keeps);
  await Promise.all(gone.map((tab) => tab.leave()));
  for (const node of cluster.alive) {
    const rest = numbersOf(cluster.restOf(node));
    let now: Record<string, number> = {};
    await until(
      async () => {
        const stats = await node.ask("stats");
        now = numbersOf(stats);
        const isAtRest = Object.entries(now).every(([name, count]) => count <= (rest[name] ?? 0));
        if (isAtRest) cluster.rested(node, stats);
        return isAtRest;
      },
      () => ({ rest, now }),
      deadlineMs,
    );
    assert.deepEqual(node.failures, []);
  }
}

/** What must not grow; memory is another matter. */
function numbersOf({ sockets, pages, rooms, connections, timers, handles }: AppStats): Record<string, number> {
  return { sockets, pages, rooms, connections, timers, ...handles };
}

/** How many connections each user should be shown with. */
function expectedOf(tabs: readonly Tab[], { others = [] }: Allowed): Map<string, number> {
  const expected = new Map(others.map((id) => [id, 1]));
  for (const { user } of tabs.filter(({ isPresent }) => isPresent)) expected.set(user, (expected.get(user) ?? 0) + 1);
  return expected;
}

const sorted = (people: Iterable<readonly [string, number]>) => [...people].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** I1, I4, I5: every node, in the same order, and the store itself. */
async function agreement(
  cluster: AppCluster,
  key: string,
  expected: ReadonlyMap<string, number>,
  deadlineMs?: number,
): Promise<void> {
  let found: unknown;
  await until(
    async () => {
      const lists = await Promise.all(cluster.alive.map((node) => node.ask("list", key)));
      const counts = await Promise.all(cluster.alive.map((node) => node.ask("count", key)));
      const [stored, storedCount] = await inStore(cluster, key);
      const all = [...lists, stored.map(({ id, connections }) => ({ id, connections }))];
      found = { expected: sorted(expected), all, counts, storedCount };
      return (
        all.every((list) => isList(list, expected) && sameOrder(list, all[0]!)) &&
        [...counts, storedCount].every((count) => count === expected.size)
      );
    },
    () => found,
    deadlineMs,
  );
}

/** Once the test's own way to the store is whole again. */
async function inStore({ store }: AppCluster, key: string) {
  try {
    return [await store.listPresences(key), await store.presenceCount(key)] as const;
  } catch {
    return [[], -1] as const;
  }
}

type List = readonly { readonly id: string; readonly connections: number }[];

function isList(list: List, expected: ReadonlyMap<string, number>): boolean {
  const people = list.map(({ id, connections }) => [id, connections] as const);
  return JSON.stringify(sorted(people)) === JSON.stringify(sorted(expected));
}

function sameOrder(one: List, other: List): boolean {
  return one.every(({ id }, i) => id === other[i]?.id);
}

/** I5: badges and count in the HTML of each tab. */
async function shown(tabs: readonly Tab[], expected: ReadonlyMap<string, number>): Promise<void> {
  await until(
    () => tabs.every((tab) => isList(tab.badges(), expected) && tab.count() === expected.size && !tab.isStale()),
    () => ({ expected: sorted(expected), tabs: tabs.map((tab) => [tab.user, tab.html()]) }),
  );
}

/** Joins and leaves, and nothing else, that one mount of a view was told. */
function toldOf(tab: Tab, mount: number, user?: string): string[] {
  const told = tab.heard.filter((each) => each.mount === mount && !each.change.startsWith("~"));
  return told.map(({ change }) => change).filter((change) => user === undefined || change.slice(1) === user);
}

/** Whether what the view began with and was told since ends in the truth. */
function isUpToDate(tab: Tab, present: ReadonlySet<string>): boolean {
  const there = new Set(tab.began.at(-1));
  for (const change of toldOf(tab, tab.mounts)) {
    if (change.startsWith("+")) there.add(change.slice(1));
    else there.delete(change.slice(1));
  }
  return there.size === present.size && [...there].every((user) => present.has(user));
}

/** I2, I3: what a view was told of each user alternates, ends in the truth, and tells no leave of somebody who was there all the time. */
export function checkStory(tab: Tab, present: ReadonlySet<string>, left: ReadonlySet<string>): void {
  const story = `${tab.user} heard ${JSON.stringify(tab.heard)}`;
  for (let mount = 1; mount <= tab.mounts; mount += 1) {
    for (const user of new Set(toldOf(tab, mount).map((change) => change.slice(1)))) {
      const signs = toldOf(tab, mount, user).map((change) => change[0]!);
      assert.ok(
        signs.every((sign, i) => sign !== signs[i - 1]),
        `${user} came or left twice: ${story}`,
      );
      assert.ok(!signs.includes("-") || left.has(user), `${user} vanished: ${story}`);
    }
  }
  assert.ok(isUpToDate(tab, present), `it does not end with ${[...present].join(", ")}: ${story}`);
}

/** I8: what a tab shows is what a fresh render of its page is. */
async function sameAsFresh(tabs: readonly Tab[]): Promise<void> {
  for (const tab of tabs) {
    const { html } = await fetchPage(tab.options);
    assert.equal(parse(tab.html()).innerHTML, viewOf(html), `the page of ${tab.user} is another than a fresh one`);
  }
}
