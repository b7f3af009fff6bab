import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlFlow, forbidden, notFound, redirect } from "./control-flow.js";
import { ConviveError } from "./errors.js";

test("A redirect names a path of this site", () => {
  for (const to of ["/", "/login", "/a/b?c=d#e", "?page=2", "#top", "/ünï"]) {
    assert.deepEqual(redirect(to).outcome, { kind: "redirect", to });
  }
});

test("A redirect that would leave the site is refused", () => {
  const leaving = [
    "//evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "\t//evil.example",
    "/\t/evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/a\r\nSet-Cookie: x=1",
    "evil",
    "",
    "///evil.example",
  ];
  for (const to of leaving) {
    assert.throws(
      () => redirect(to),
      (error: unknown) => error instanceof ConviveError && error.code === "REDIRECT_UNSAFE",
      JSON.stringify(to),
    );
  }
});

test("Control flow carries the status that Express's error handler reads", () => {
  assert.equal(notFound().status, 404);
  assert.equal(forbidden().status, 403);
  assert.ok(forbidden() instanceof ControlFlow);
});
