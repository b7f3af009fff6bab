import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ConviveError, ERROR_CODES, messageOf } from "./errors.js";

const SRC = import.meta.dirname;

/** The rows of the table in docs/errors.md: code and meaning. */
function documentedCodes(): [string, string][] {
  const page = readFileSync(join(SRC, "../docs/errors.md"), "utf8");
  const rows = page.matchAll(/^\|\s*`([A-Z_]+)`\s*\|\s*(.*?)\s*\|/gm);
  return [...rows].map(([, code = "", meaning = ""]) => [code, meaning]);
}

test("the page of errors lists every code, in the order of the table, with the same meaning", () => {
  assert.deepEqual(documentedCodes(), Object.entries(ERROR_CODES));
});

test("every code is used somewhere", () => {
  const isProduct = (file: string) => file.endsWith(".ts") && file !== "errors.ts" && !/\.test(-d)?\.ts$/.test(file);
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(isProduct);
  const sources = files.map((file) => readFileSync(join(SRC, file), "utf8")).join("\n");
  const unused = Object.keys(ERROR_CODES).filter((code) => !sources.includes(`"${code}"`));
  assert.deepEqual(unused, []);
});

test("an error tells its code, its status and its cause", () => {
  const cause = new Error("socket hang up");
  const error = new ConviveError("MOUNT_FAILED", "The board could not be read.", { status: 503, cause });
  assert.equal(error.message, "The board could not be read. [MOUNT_FAILED]");
  assert.equal(error.status, 503);
  assert.equal(error.cause, cause);
  assert.ok(error instanceof Error);
});

test("an error without details is a 500 without a cause", () => {
  const error = new ConviveError("EVENT_FAILED", "It broke.");
  assert.equal(error.status, 500);
  assert.deepEqual(error.details, {});
  assert.equal("cause" in error, false);
});

test("anything thrown has a text", () => {
  assert.equal(messageOf(new Error("it broke")), "it broke");
  assert.equal(messageOf("it broke"), "it broke");
  assert.equal(messageOf(null), "null");
});
