import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeKey } from "./key.js";
import { RedisKeys } from "./redis-keys.js";

const name = fc
  .oneof(fc.string({ unit: "binary", minLength: 1 }), fc.stringMatching(/^[{}:!/a%]{1,4}$/))
  .filter((each) => !/\p{Surrogate}/u.test(each));
/** As of a Redis Cluster: what stands between the first brace and the next that closes it decides the slot, if it is anything. */
const slotTag = (key: string) => /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
/** Those that a room shares with others of its bucket. */
const isShared = (key: string) => /\}:(fenced|rooms)$/.test(key);

test("no two rooms, of one app or of two, share a key or a channel, and a room's keys lie in one slot", () => {
  fc.assert(
    fc.property(name, name, name, name, (prefix, room, otherPrefix, otherRoom) => {
      fc.pre(prefix !== otherPrefix || room !== otherRoom);
      const [own, other] = [
        [prefix, room],
        [otherPrefix, otherRoom],
      ].map(([app, key]) => {
        const keys = new RedisKeys(app!);
        const named = encodeKey(key!, 1_000_000);
        const all = [...keys.room(named), ...keys.snapshot(named), ...keys.summary(named), ...keys.cache(named)];
        assert.equal(new Set(all.map(slotTag)).size, 1);
        return new Set([...all.filter((each) => !isShared(each)), keys.channel(named)]);
      });
      for (const each of own!) assert.ok(!other!.has(each), each);
    }),
  );
});
