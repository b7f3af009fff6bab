import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerReader } from "./page-line.js";

test("an answer ends where its length says, however the network cuts its body", () => {
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y\r\n\r\n${"x".repeat(12)}`);
  let whole = 0;
  const reader = new AnswerReader(() => (whole += 1));
  reader.read(answer, answer.length);
  assert.equal(whole, 1);
  reader.read(answer, answer.length - 5);
  assert.equal(whole, 1);
  reader.read(answer, 5);
  assert.deepEqual([whole, reader.bytes], [2, answer.length]);
});

test("what is no page is not counted as one", () => {
  const read = (text: string) => new AnswerReader(() => {}).read(Buffer.from(text), text.length);
  assert.throws(() => read("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), /No page: HTTP\/1.1 500/);
  assert.throws(() => read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), /No page/);
});
