import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, LiveView } from "../live-view.js";
import { FakePage, servicesOf } from "../testing/fake-page.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { CONTEXT_VALUE, type ViewTrait } from "../view-host.js";
import { LinePlan } from "./line-plan.js";

class OddView extends LiveView {
  static override template = "odd";
  field = 1;
  empty = undefined;
  nothing = null;
  _hidden = "hidden";
  arrow = () => 1;
  handle = { [CONTEXT_VALUE]: () => "held" };
  // A template that reads it gets the view's, though a trait gives it, too.
  presences = "mine";
  get doubled(): number {
    return this.field * 2;
  }
  get held(): unknown {
    return this.handle;
  }
  method(): number {
    return 1;
  }
}

const TRAITS: readonly ViewTrait[] = [
  {},
  { lines: ["presences", "empty", "arrow", "given"], line: (name) => `first ${name}` },
  { lines: ["given", "method"], line: (name) => `second ${name}` },
];
const HELPERS = { helper: "helper", given: "helper given", _hidden: "helper _hidden", session: "helper session" };
const NAMES = [
  ...[
    "field",
    "empty",
    "nothing",
    "_hidden",
    "arrow",
    "handle",
    "presences",
    "doubled",
    "held",
    "method",
    "given",
    "helper",
  ],
  ...["params", "session", "missing", "toString", "constructor", "connected", "pageTitle"],
];

/** As a context says it that is made whole: helpers, over them the traits, over them the view. */
function wholeOf(view: LiveView, traits: readonly ViewTrait[]): Record<string, unknown> {
  const it = Object.assign(Object.create(null) as Record<string, unknown>, HELPERS);
  for (const trait of traits) for (const name of trait.lines ?? []) it[name] = trait.line!(name);
  return Object.assign(it, linesOf(view, null));
}

test("lines read one by one are those of the whole context", async () => {
  const cluster = new PresenceCluster();
  const { view } = await FakePage.open(cluster, servicesOf(cluster.start()), OddView);
  for (const traits of [[], TRAITS, TRAITS.slice(0, 2)]) {
    const it = wholeOf(view, traits);
    const plan = new LinePlan(NAMES, view, traits, HELPERS);
    assert.deepEqual(
      plan.read(view, traits),
      NAMES.map((name) => it[name]),
    );
  }
});
