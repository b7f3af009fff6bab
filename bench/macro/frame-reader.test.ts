import assert from "node:assert/strict";
import { test } from "node:test";
import { BINARY, clientFrame, FrameReader, PING, TEXT } from "./frame-reader.js";

function serverFrame(opcode: number, payload: string): Buffer {
  const body = Buffer.from(payload);
  const { length } = body;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, body]);
}

function collect() {
  const heard: [number, string][] = [];
  const frame = (opcode: number, bytes: Buffer, start: number, end: number) => {
    heard.push([opcode, bytes.toString("utf8", start, end)]);
  };
  return { heard, sink: { frame } };
}

test("frames are read however the network cuts them", () => {
  const sent: [number, string][] = [
    [TEXT, "short"],
    [PING, ""],
    [TEXT, "x".repeat(126)],
    [BINARY, "y".repeat(70_000)],
    [TEXT, "last"],
  ];
  const wire = Buffer.concat(sent.map(([opcode, payload]) => serverFrame(opcode, payload)));
  for (const size of [1, 2, 3, 127, 4_096, wire.length]) {
    const { heard, sink } = collect();
    const reader = new FrameReader();
    const lent = Buffer.alloc(size);
    for (let at = 0; at < wire.length; at += size) reader.read(lent, wire.copy(lent, 0, at, at + size), sink);
    assert.deepEqual(heard, sent, `in pieces of ${size}`);
  }
});

test("a frame in parts is refused", () => {
  assert.throws(() => new FrameReader().read(Buffer.from([0x01, 0x00]), 2, collect().sink), /in parts/);
});

test("what a client sends is masked and says its length", () => {
  for (const length of [0, 125, 126, 65_535, 65_536]) {
    const payload = Buffer.alloc(length, "ab");
    const frame = clientFrame(TEXT, payload);
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    assert.equal(frame.length, head + 4 + length);
    assert.equal(frame[0], 0x81);
    const mask = frame.subarray(head, head + 4);
    assert.deepEqual(
      frame.subarray(head + 4).map((byte, at) => byte ^ mask[at & 3]!),
      payload,
    );
  }
});
