import assert from "node:assert/strict";
import { test } from "node:test";
import { ConviveError, type ErrorCode } from "./errors.js";
import { DEFAULT_LIMITS, resolveLimits, resolveOptions, type ConviveOptions } from "./options.js";

const throwsCode = (code: ErrorCode, work: () => unknown) =>
  assert.throws(work, (error: unknown) => error instanceof ConviveError && error.code === code);

test("Limits have their defaults, and each can be given", () => {
  assert.deepEqual(resolveLimits(), DEFAULT_LIMITS);
  assert.equal(resolveLimits({ pingMs: 150 }).pingMs, 150);
});

test("Limits that contradict each other or make no sense are refused", () => {
  const wrong = [
    { pingMs: 0 },
    { pingMs: -1 },
    { pingMs: Number.NaN },
    { leaseMs: 1_500 },
    { graceUnloadMs: 20_000 },
    { cursorTickMs: 300 },
  ];
  for (const limits of wrong) throwsCode("OPTION_INVALID", () => resolveLimits(limits));
  throwsCode("OPTION_INVALID", () => resolveLimits({ pingSeconds: 3 } as never));
  throwsCode("OPTION_INVALID", () => resolveLimits({ toString: 3 } as never));
  assert.throws(() => resolveLimits({ prunePresenceMs: 3 } as never), /did you mean "prunePresencesMs"/);
});

test("Limits divided by ten hold together", () => {
  const scaled = Object.entries(DEFAULT_LIMITS).map(
    ([name, value]) => [name, name.endsWith("Ms") ? value / 10 : value] as const,
  );
  assert.doesNotThrow(() => resolveLimits(Object.fromEntries(scaled)));
});

test("Production needs a secret, development does not", () => {
  throwsCode("SECRET_MISSING", () => resolveOptions({ mode: "production" }));
  assert.equal(resolveOptions({ mode: "development" }).secrets, null);
  assert.deepEqual(resolveOptions({ mode: "production", secret: ["a", "b"] }).secrets, ["a", "b"]);
});

test("A base path that is no path is refused", () => {
  for (const basePath of ["", "/", "convive", "/a/", "/a b", "//a"]) {
    throwsCode("OPTION_INVALID", () => resolveOptions({ mode: "development", basePath } satisfies ConviveOptions));
  }
});

test("An option that is misspelt is refused, one that is undefined is not", () => {
  assert.throws(() => resolveOptions({ mode: "development", secrt: "x" } as never), /did you mean "secret"/);
  assert.doesNotThrow(() => resolveOptions({ mode: "development", redis: undefined } as never));
});

test("With Redis, times that would cost a node its lease are refused, and so is a second store", () => {
  const options = { mode: "development", redis: "redis://localhost" } satisfies ConviveOptions;
  assert.doesNotThrow(() => resolveOptions(options));
  throwsCode("OPTION_INVALID", () => resolveOptions({ ...options, limits: { redisCommandMs: 3_000 } }));
  throwsCode("OPTION_INVALID", () => resolveOptions({ ...options, store: {} as never }));
});
