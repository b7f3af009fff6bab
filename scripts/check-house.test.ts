import assert from "node:assert/strict";
import test from "node:test";
import { HOUSE } from "./check-house.mjs";
import { checkHouse } from "./house-rules.mjs";

function messages(files: Record<string, string>): string[] {
  return checkHouse(new Map(Object.entries(files)), HOUSE).map(
    ({ file, line, message }) => `${file}:${line} ${message}`,
  );
}

function assertBreach(files: Record<string, string>, expected: RegExp): void {
  const found = messages(files);
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", expected);
}

const empty = "export {};\n";

test("a house that keeps its rules has no problem", () => {
  const files = {
    "src/protocol.ts": empty,
    "src/render/rendered.ts": 'import type { Frame } from "../protocol.js";\nexport type Tree = Frame;\n',
    "src/convive.ts": 'import express from "express";\nimport "./protocol.js";\nexpress();\n',
    "client/index.ts": 'import "../src/protocol.js";\nimport "../src/render/rendered.js";\n',
    "examples/server.ts": 'import { convive } from "convive";\nimport express from "express";\nexpress(convive);\n',
  };
  assert.deepEqual(messages(files), []);
});

test("a lower layer may not import a higher one, not even its types", () => {
  const files = {
    "src/token.ts": 'import type { LiveView } from "./live-view.js";\nexport type X = LiveView;\n',
    "src/live-view.ts": empty,
  };
  assertBreach(files, /src\/token\.ts:1 Layer 0 imports src\/live-view\.ts of layer 1/);
});

test("an import type, a dynamic import and a re-export are imports too", () => {
  const others = { "src/live-view.ts": empty };
  assertBreach(
    { ...others, "src/token.ts": 'export type X = import("./live-view.js").LiveView;\n' },
    /src\/token\.ts:1 Layer 0/,
  );
  assertBreach(
    { ...others, "src/token.ts": 'export const x = () => import("./live-view.js");\n' },
    /src\/token\.ts:1 Layer 0/,
  );
  assertBreach({ ...others, "src/token.ts": 'export * from "./live-view.js";\n' }, /src\/token\.ts:1 Layer 0/);
});

test("a file of src without a layer is a problem", () => {
  assertBreach({ "src/stray.ts": empty }, /src\/stray\.ts:0 This file has no layer/);
});

test("an import cycle is found, through types and over several files", () => {
  const files = {
    "src/token.ts": 'import type { A } from "./errors.js";\nexport type T = A;\n',
    "src/errors.ts": 'import { clock } from "./clock.js";\nexport type A = typeof clock;\n',
    "src/clock.ts": 'import type { T } from "./token.js";\nexport const clock = (t: T): T => t;\n',
    "src/options.ts": 'import "./token.js";\n',
  };
  assertBreach(files, /src\/clock\.ts:0 Import cycle with src\/errors\.ts, src\/token\.ts\./);
});

test("the client sees two files of src and nothing else", () => {
  assertBreach(
    { "client/view.ts": 'import "../src/token.js";\n', "src/token.ts": empty },
    /client may not import src\/token\.ts/,
  );
});

test("src may not import the client", () => {
  assertBreach(
    { "src/convive.ts": 'import "../client/view.js";\n', "client/view.ts": empty },
    /src may not import client\/view\.ts/,
  );
});

test("examples import the public indexes only", () => {
  assertBreach(
    { "examples/a.ts": 'import "../src/token.js";\n', "src/token.ts": empty },
    /examples may not import src\/token\.ts/,
  );
  assertBreach({ "examples/a.ts": 'import "convive/src/token.js";\n' }, /convive\/src\/token\.js is no public index/);
});

test("src does not import the package by its name", () => {
  assertBreach({ "src/token.ts": 'import "convive";\n' }, /src may not import the package by its own name/);
});

test("each third-party package has one door", () => {
  for (const name of ["express", "ws", "eta", "path-to-regexp", "node-html-parser", "ioredis", "morphdom"]) {
    assertBreach({ "src/token.ts": `import ${JSON.stringify(name)};\n` }, new RegExp(`${name} has one door`));
  }
  assert.deepEqual(messages({ "src/render/template.ts": 'import { Eta } from "eta";\nnew Eta();\n' }), []);
  assert.deepEqual(messages({ "bench/patch-page.ts": 'import morphdom from "morphdom";\nmorphdom;\n' }), []);
});

test("types may come from express where its values may not", () => {
  assert.deepEqual(
    messages({ "src/options.ts": 'import type { Request } from "express";\nexport type R = Request;\n' }),
    [],
  );
});

test("drawers are not allowed, as folder or as file", () => {
  assertBreach({ "src/render/utils/trim.ts": empty }, /"utils" is a drawer/);
  assertBreach({ "src/session/services/a.ts": empty }, /"services" is a drawer/);
  assertBreach({ "client/helpers.ts": empty }, /"helpers" is a drawer/);
});

test("a file has at most 300 lines, a test may have more", () => {
  const lines = (count: number) => "export {};\n".repeat(count);
  assert.deepEqual(messages({ "src/token.ts": lines(300), "src/token.test.ts": lines(900) }), []);
  assertBreach({ "src/token.ts": lines(301) }, /301 lines/);
});

test("a function has at most 50 lines, whatever its kind", () => {
  const body = (lines: number) => `{\n${"  1;\n".repeat(lines - 2)}}`;
  assert.deepEqual(messages({ "src/token.ts": `export function f() ${body(50)}\n` }), []);
  assertBreach({ "src/token.ts": `export function f() ${body(51)}\n` }, /src\/token\.ts:1 f has 51 lines/);
  assertBreach({ "src/token.ts": `export const g = () => ${body(51)};\n` }, /g has 51 lines/);
  assertBreach({ "src/token.ts": `export class A {\n  m() ${body(51)}\n}\n` }, /src\/token\.ts:2 m has 51 lines/);
  assertBreach({ "src/token.ts": `export class A {\n  constructor() ${body(51)}\n}\n` }, /constructor has 51 lines/);
});

test("any is a type argument, a rest argument or what a function type takes, nothing else", () => {
  assert.deepEqual(
    messages({ "src/token.ts": "export type A = Set<any>;\nexport type C = new (...args: any[]) => A;\n" }),
    [],
  );
  assertBreach({ "src/token.ts": "export const a: any = 1;\n" }, /any is for types of types only/);
  assert.deepEqual(messages({ "src/token.ts": "export type F = (payload: any) => unknown;\n" }), []);
  assertBreach({ "src/token.ts": "export const f = (a: any): unknown => a;\n" }, /any is for types of types only/);
  assertBreach({ "client/view.ts": "export const a = 1 as any;\n" }, /any is for types of types only/);
});

test("no test is muted", () => {
  const muting = ["test.only", "test.skip", "it.todo", "describe.only", "test.describe.skip", "t.skip", "test.fixme"];
  for (const call of muting)
    assertBreach({ "src/token.test.ts": `${call}("x", () => {});\n` }, new RegExp(`${call} keeps tests`));
});

test("nothing is left for another day", () => {
  assertBreach({ "src/token.ts": `// ${"TO" + "DO"}: expire\nexport {};\n` }, /src\/token\.ts:1 TO\wO: do it/);
  assertBreach({ "docs/protocol.md": `# Wire\n\n${"FIX" + "ME"}\n` }, /docs\/protocol\.md:3 FIX\wE: do it/);
});

test("problems are sorted by file and line", () => {
  const found = messages({
    "src/token.ts": "export const a: any = 1;\nexport const b: any = 1;\n",
    "src/clock.ts": 'import "ws";\n',
  });
  assert.deepEqual(
    found.map((each) => each.split(" ")[0]),
    ["src/clock.ts:1", "src/token.ts:1", "src/token.ts:2"],
  );
});
