import assert from "node:assert/strict";
import { test } from "node:test";
import { ConviveError } from "../errors.js";
import { LiveView } from "../live-view.js";
import { inline } from "../render/inline.js";
import { ViewRegistry, type ViewClass } from "./registry.js";

class Board extends LiveView {
  static override template = "board";
}
const invalid = (words: RegExp) => (error: unknown) =>
  error instanceof ConviveError && error.code === "VIEW_INVALID" && words.test(error.message);
const register = (View: unknown) => new ViewRegistry().register(View as ViewClass);

test("A view is known by its viewName, else by its template", () => {
  class Named extends LiveView {
    static override template = inline`<p></p>`;
    static override viewName = "named";
  }
  assert.equal(register(Board), "board");
  assert.equal(register(Named), "named");
});

test("The same view may stand at two routes, another one may not have its name", () => {
  const registry = new ViewRegistry();
  registry.register(Board as ViewClass);
  assert.equal(registry.register(Board as ViewClass), "board");
  class Other extends LiveView {
    static override template = "board";
  }
  assert.throws(() => registry.register(Other as ViewClass), invalid(/Two views are named "board"/));
});

test("What is no view, or lacks a name, a template or a method, is refused with the next step", () => {
  class Bare extends LiveView {}
  class Nameless extends LiveView {
    static override template = inline`<p></p>`;
  }
  class Listed extends LiveView {
    static override template = "listed";
    static override events = { missing: true as const };
  }
  assert.throws(() => register(class {}), invalid(/extends LiveView/));
  assert.throws(() => register(Bare), invalid(/static override template/));
  assert.throws(() => register(Nameless), invalid(/static override viewName/));
  assert.throws(() => register(Listed), invalid(/no method "missing"/));
});

test("A view cannot be made by hand", () => {
  assert.throws(
    () => new Board({}),
    (error: unknown) => error instanceof ConviveError && error.code === "HANDLER_OUTSIDE",
  );
});
