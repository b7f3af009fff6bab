import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { ConviveError } from "../errors.js";
import { Origins } from "./origins.js";

function request(origin: string | undefined, headers: Record<string, string> = {}, encrypted = false): IncomingMessage {
  return {
    headers: { host: "app.example:3000", ...headers, ...(origin === undefined ? {} : { origin }) },
    socket: { encrypted },
  } as never;
}

test("Only the own host, by scheme, name and port, may connect unless origins are named", () => {
  const origins = new Origins(undefined, false, true);
  assert.equal(origins.allows(request("http://app.example:3000")), true);
  const foreign = [
    "null",
    "http://evil.example",
    "http://app.example",
    "http://app.example:3001",
    "https://app.example:3000",
    "http://app.example:3000.evil.example",
    "http://evil.app.example:3000",
    "http://app.example:3000@evil.example",
    "http://user@app.example:3000",
    "HTTP://APP.EXAMPLE:3000",
    "http://аpp.example:3000",
    "http://[::1]:3000",
    "",
    "junk",
  ];
  for (const origin of foreign) assert.equal(origins.allows(request(origin)), false, origin);
});

test("A named origin passes by equality, and the own host no longer does", () => {
  const origins = new Origins(["https://app.example", "http://[::1]:3000"], false, true);
  assert.equal(origins.allows(request("https://app.example")), true);
  assert.equal(origins.allows(request("http://[::1]:3000")), true);
  assert.equal(origins.allows(request("http://app.example:3000")), false);
  assert.equal(origins.allows(request("https://sub.app.example")), false);
});

test("Behind a proxy its word counts only when it is trusted", () => {
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "public.example" };
  assert.equal(new Origins(undefined, true, true).allows(request("https://public.example", forwarded)), true);
  assert.equal(new Origins(undefined, false, true).allows(request("https://public.example", forwarded)), false);
});

test("An encrypted socket is https", () => {
  assert.equal(new Origins(undefined, false, true).allows(request("https://app.example:3000", {}, true)), true);
});

test("An empty list in production, and what is no origin, are refused at start", () => {
  const code = (wanted: string) => (error: unknown) => error instanceof ConviveError && error.code === wanted;
  assert.throws(() => new Origins([], false, true), code("ORIGINS_EMPTY"));
  assert.equal(new Origins([], false, false).allows(request("http://app.example:3000")), false);
  assert.throws(() => new Origins(["app.example"], false, true), code("OPTION_INVALID"));
});
