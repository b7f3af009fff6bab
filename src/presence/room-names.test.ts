import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRoomName } from "./key.js";
import { RoomNames } from "./room-names.js";

const MAX_BYTES = 64;

test("a name is what the key is encoded to, asked for once or again, of one tenant or another", () => {
  const names = new RoomNames(MAX_BYTES);
  const asked = ["", "a", "b"].flatMap((tenant) => ["x", "x/y", "é"].map((key) => [tenant, key] as const));
  for (let round = 0; round < 2; round += 1) {
    for (const [tenant, key] of asked) assert.equal(names.of(tenant, key), encodeRoomName(tenant, key, MAX_BYTES));
  }
});

test("however many rooms there are, their names stay right", () => {
  const names = new RoomNames(MAX_BYTES);
  for (let i = 0; i < 5_000; i += 1) {
    const [tenant, key] = [`t${i % 3}`, `room ${i % 2_500}`];
    assert.equal(names.of(tenant, key), encodeRoomName(tenant, key, MAX_BYTES));
  }
});

test("a key that is none is refused each time", () => {
  const names = new RoomNames(MAX_BYTES);
  for (let round = 0; round < 2; round += 1) {
    assert.throws(() => names.of("", ""), /PRESENCE_KEY_INVALID/);
    assert.throws(() => names.of("", "x".repeat(MAX_BYTES + 1)), /PRESENCE_KEY_INVALID/);
  }
});
