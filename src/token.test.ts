import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConviveError } from "./errors.js";
import { randomId, Tokens } from "./token.js";

const SECRET = "a secret of sixteen characters";
let now = 1_000_000;
const tokens = (secrets = [SECRET]) => new Tokens(secrets, () => now);

test("What was signed for a purpose is read back for it, and for no other", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      const token = tokens().sign("mount", data, 1_000);
      assert.deepEqual(tokens().verify("mount", token), {
        ok: true,
        data: JSON.parse(JSON.stringify(data)) as unknown,
      });
      assert.deepEqual(tokens().verify("resume", token), { ok: false, reason: "invalid" });
    }),
  );
});

test("A token changed in any one character is refused", () => {
  const token = tokens().sign("mount", { view: "board" }, 1_000);
  for (let i = 0; i < token.length; i += 1) {
    const changed = token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
    const isSameBits = Buffer.from(changed.split(".")[2] ?? "", "base64url").equals(
      Buffer.from(token.split(".")[2]!, "base64url"),
    );
    const isSameBody = changed.split(".").slice(0, 2).join(".") === token.split(".").slice(0, 2).join(".");
    if (isSameBits && isSameBody) continue;
    assert.equal(tokens().verify("mount", changed).ok, false, `character ${i}`);
  }
});

test("A token ends with its age, and one from the future is refused", () => {
  const token = tokens().sign("mount", 1, 1_000);
  now += 1_001;
  assert.deepEqual(tokens().verify("mount", token), { ok: false, reason: "expired" });
  now -= 200_000;
  assert.deepEqual(tokens().verify("mount", token), { ok: false, reason: "invalid" });
});

test("A rotated secret still verifies, an unknown one does not", () => {
  const token = tokens().sign("mount", 1, 1_000);
  const next = "another secret of enough length";
  assert.equal(tokens([next, SECRET]).verify("mount", token).ok, true);
  assert.equal(tokens([next]).verify("mount", token).ok, false);
});

test("Whatever is not a token is refused without a throw", () => {
  for (const junk of [
    undefined,
    null,
    1,
    "",
    ".",
    "v1..",
    "v1.a.b",
    "v2.a.b",
    "v1.a.b.c",
    "x".repeat(10_000),
    {},
    [],
  ]) {
    assert.deepEqual(tokens().verify("mount", junk), { ok: false, reason: "invalid" });
  }
});

test("A short secret is refused with the next step", () => {
  assert.throws(
    () => new Tokens(["short"], () => 0),
    (error: unknown) => error instanceof ConviveError && error.code === "OPTION_INVALID",
  );
});

test("No id comes twice, whatever lengths are asked for", () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => randomId([9, 12, 32][i % 3]));
  assert.equal(new Set(ids).size, ids.length);
  for (const [i, id] of ids.entries()) assert.match(id, new RegExp(`^[\\w-]{${[12, 16, 43][i % 3]}}$`));
});
