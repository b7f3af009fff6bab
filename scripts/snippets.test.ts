import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { runSnippet } from "./run-snippet.mjs";
import { assemblePage, isCompiledAlone, pointAtPages, readSnippets } from "./snippet-reader.mjs";
import { readPages, snippetProblems, writePages } from "./snippets.js";

const RUNS = join(import.meta.dirname, "../.cache");

function folderFor(t: TestContext, files: Record<string, string> = {}): string {
  mkdirSync(RUNS, { recursive: true });
  const folder = mkdtempSync(join(RUNS, "snippet-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe("reading a page", () => {
  test("finds ts, eta and sh fences with their lines and leaves others alone", () => {
    const found = readSnippets("# A\n\n```ts\nconst a = 1;\n```\n\n```json\n{}\n```\n\n```bash\nnpm test\n```\n");
    assert.deepEqual(
      found.map(({ language, line, code }) => ({ language, line, code })),
      [
        { language: "ts", line: 4, code: "const a = 1;" },
        { language: "sh", line: 12, code: "npm test" },
      ],
    );
  });

  test("takes the remarks that stand right before the fence, and no others", () => {
    const page =
      "<!-- run -->\n\nSome text.\n\n<!-- file: a.eta -->\n<!-- run: GET / -> Hello -->\n```eta\nx\n```\n\n```ts\n1;\n```\n";
    const [first, second] = readSnippets(page);
    assert.equal(first?.file, "a.eta");
    assert.equal(first?.run, "GET / -> Hello");
    assert.equal(second?.run, null);
  });

  test("puts the hidden prelude before the code and keeps the page's lines", () => {
    const { files } = assemblePage(
      "README.md",
      "<!-- prelude\nconst a = 1;\nconst b = 2;\n-->\n\n```ts\na + b;\na;\n```\n",
    );
    assert.equal(files[0]?.text, "const a = 1;\nconst b = 2;\na + b;\na;\nexport {};\n");
    assert.deepEqual(files[0]?.pageLines, [0, 7, 7, 7, 8]);
  });

  test("joins the snippets that name the same file", () => {
    const { files } = assemblePage(
      "docs/a.md",
      "```ts\n// file: server.ts\nconst a = 1;\n```\nThen:\n```ts\n// file: server.ts\na;\n```\n",
    );
    assert.deepEqual(
      files.map(({ path }) => path),
      ["server.ts"],
    );
    assert.equal(files[0]?.text, "// file: server.ts\nconst a = 1;\n// file: server.ts\na;\nexport {};\n");
  });

  test("names the page's line where the compiler names the file's", () => {
    const page = assemblePage("docs/a.md", "\n\n```ts\n// file: server.ts\nconst a: string = 1;\n```\n");
    assert.equal(pointAtPages("x/.cache/docs-a/server.ts(2,7): error TS2322", [page]), "docs/a.md:5: error TS2322");
  });

  test("compiles a page that augments a module by itself", () => {
    const augmenting = assemblePage("docs/a.md", '```ts\ndeclare module "convive" {\n}\n```\n');
    assert.equal(isCompiledAlone(augmenting), true);
    assert.equal(isCompiledAlone(assemblePage("docs/a.md", "```ts\n1;\n```\n")), false);
  });
});

describe("running a snippet", () => {
  test("is content with one that ends without an error", async (t) => {
    const folder = folderFor(t, { "a.ts": "const a: number = 1;\nif (a !== 1) throw new Error();\n" });
    assert.equal(await runSnippet({ folder, path: "a.ts", language: "ts", request: "" }), null);
  });

  test("tells of one that throws", async (t) => {
    const folder = folderFor(t, { "a.ts": 'throw new Error("broken");\n' });
    assert.match((await runSnippet({ folder, path: "a.ts", language: "ts", request: "" })) ?? "", /broken/);
  });

  test("asks one that serves for its page, whatever port it names", async (t) => {
    const server =
      'import { createServer } from "node:http";\ncreateServer((_, answer) => answer.end("Hello Ada")).listen(3000);\n';
    const folder = folderFor(t, { "a.ts": server });
    assert.equal(await runSnippet({ folder, path: "a.ts", language: "ts", request: "GET / -> Hello" }), null);
    const wrong = await runSnippet({ folder, path: "a.ts", language: "ts", request: "GET / -> Bob" });
    assert.match(wrong ?? "", /answered 200, without "Bob"/);
  });
});

describe("checking a page", () => {
  const check = (t: TestContext, markdown: string) =>
    snippetProblems([assemblePage("docs/a.md", markdown)], folderFor(t));

  test("a shell snippet names only scripts that exist, and a template compiles", async (t) => {
    const problems = await check(t, "```sh\nnpm run nonsense\nnpm test\n```\n\n```eta\n<% if (a) { %>x\n```\n");
    assert.equal(problems.length, 2, problems.join("\n"));
    assert.match(problems[0] ?? "", /docs\/a\.md:7 does not compile/);
    assert.match(problems[1] ?? "", /docs\/a\.md:2 package\.json has no script "nonsense"/);
  });

  test("a wrong type is told by both compilers, with the page's line", async (t) => {
    const problems = await check(t, "```ts\nconst a: string = 1;\nvoid a;\n```\n");
    assert.equal(problems.length, 2, problems.join("\n"));
    for (const problem of problems) assert.match(problem, /docs\/a\.md:2: error TS2322/);
  });
});

describe("the snippets of the pages that are marked to run", async () => {
  const pages = readPages();
  const runnable = pages.flatMap(({ page, folder, files }) =>
    files.flatMap(({ path, language, line, run }) =>
      run === null ? [] : [{ page, folder, path, language, line, request: run }],
    ),
  );
  for (const { page, line, folder, ...snippet } of runnable) {
    test(`${page}:${line} runs as it stands there`, async (t) => {
      const root = folderFor(t);
      writePages(pages, root);
      assert.equal(await runSnippet({ ...snippet, folder: join(root, folder) }), null);
    });
  }
});
