import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { ConviveError } from "../errors.js";
import { Tokens } from "../token.js";
import { Identities } from "./identities.js";

const tokens = new Tokens(["a secret of sixteen characters"], () => 0);
const identities = new Identities(tokens, {});

function request(
  facts: { cookie?: string; user?: unknown; sessionID?: string; session?: unknown; encrypted?: boolean } = {},
): IncomingMessage {
  const { cookie, encrypted = false, ...rest } = facts;
  return {
    headers: { host: "a.example", ...(cookie ? { cookie } : {}) },
    socket: { encrypted, remoteAddress: "127.0.0.1" },
    ...rest,
  } as never;
}

test("A user is known by his id, as text", async () => {
  assert.equal((await identities.of(request({ user: { id: 7 } }))).userId, "7");
  const named = new Identities(tokens, { userId: (user) => (user as unknown as { mail: string }).mail });
  assert.equal((await named.of(request({ user: { id: 1, mail: "a@b" } }))).userId, "a@b");
});

test("A user without an id is an error, never a shared person", async () => {
  for (const user of [{}, { id: "" }, { id: null }, { id: {} }]) {
    await assert.rejects(
      identities.of(request({ user })),
      (error: unknown) => error instanceof ConviveError && error.code === "PRESENCE_USER_INVALID",
    );
  }
});

test("A newcomer gets a cookie of ours and is the same person with it, and another without", async () => {
  const cookies: string[] = [];
  const first = await identities.of(request(), (cookie) => void cookies.push(cookie));
  const value = cookies[0]!.split(";")[0]!;
  assert.match(cookies[0]!, /; HttpOnly; SameSite=Lax$/);
  const again = await identities.of(request({ cookie: `x=1; ${value}` }), () => assert.fail("known already"));
  assert.equal(again.userId, first.userId);
  assert.notEqual((await identities.of(request())).userId, first.userId);
  assert.match(first.userId, /^anon_[\w-]{20}$/);
  assert.ok(!first.userId.includes(value.slice(11, 30)));
});

test("A forged cookie is nobody's", async () => {
  const cookies: string[] = [];
  const first = await identities.of(request(), (cookie) => void cookies.push(cookie));
  const forged = cookies[0]!.split(";")[0]!.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
  assert.notEqual((await identities.of(request({ cookie: forged }))).userId, first.userId);
});

test("A session that the browser holds names the person, one that it does not hold yet does not", async () => {
  const kept = { sessionID: "s3cret", session: { cart: 1 }, cookie: "connect.sid=s%3As3cret.sig" };
  const first = await identities.of(request(kept), () => assert.fail("the session is enough"));
  assert.equal((await identities.of(request(kept))).userId, first.userId);
  assert.deepEqual(first.session, { cart: 1 });
  let newcomers = 0;
  await identities.of(request({ sessionID: "fresh", session: {} }), () => (newcomers += 1));
  assert.equal(newcomers, 1);
});

test("The cookie is secure where the page is", async () => {
  const cookies: string[] = [];
  await identities.of(request({ encrypted: true }), (cookie) => void cookies.push(cookie));
  assert.match(cookies[0]!, /; Secure$/);
});

test("The app's own identify is asked, and may say nobody", async () => {
  const own = new Identities(tokens, { identify: () => Promise.resolve(null) });
  assert.equal((await own.of(request({ user: { id: 1 } }))).isAnonymous, true);
});
