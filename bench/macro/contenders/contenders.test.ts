import assert from "node:assert/strict";
import { test } from "node:test";
import type { Contender } from "../contender.js";
import type { Line } from "../line.js";
import { convive } from "./convive.js";
import { raw } from "./raw.js";
import { socketIo } from "./socket-io.js";
import { yAwareness } from "./y-awareness.js";

const JOIN = { kind: "join", name: "Person 7", count: 12 } as const;
const LEAVE = { ...JOIN, kind: "leave" } as const;
const LINE = { frames: 12 } as Line;

function check(contender: Contender, { welcome, join, leave }: Readonly<Record<"welcome" | "join" | "leave", string>>) {
  const [asked, joined, left] = [welcome, join, leave].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  assert.equal(contender.isWelcome(asked), true);
  assert.deepEqual([contender.tells(joined, JOIN), contender.tells(left, LEAVE)], [true, true]);
  assert.equal(contender.tells(asked, LEAVE), false);
  return joined;
}

test("an answer and a change of Convive are told apart, and a refused join throws", () => {
  const joined = check(convive, {
    welcome: '["1","1","lv:board","phx_reply",{"status":"ok","response":{}}]',
    join: '[null,null,"lv:board","diff",{"d":[3,["+",2,"p7","red","Person 7"],{"1":"12"}]}]',
    leave: '[null,null,"lv:board","diff",{"d":[3,-1,{"1":"12"}]}]',
  });
  assert.equal(convive.tells(joined, { ...JOIN, name: "Person 8" }), false);
  assert.equal(convive.tells(joined, { ...JOIN, count: 13 }), false);
  assert.deepEqual([convive.shows(12)(joined, LINE), convive.shows(2)(joined, LINE)], [true, false]);
  const refused = Buffer.from('["1","1","lv:board","phx_reply",{"status":"error","response":{"reason":"stale"}}]');
  assert.throws(() => convive.isWelcome(refused), /refused.*stale/);
});

test("an answer and a change of socket.io are told apart", () => {
  const joined = check(socketIo, {
    welcome: '42["welcome",[],12]',
    join: '42["joined",{"name":"Person 7"},12]',
    leave: '42["left","p7",12]',
  });
  assert.equal(socketIo.tells(joined, { ...JOIN, count: 2 }), false);
  assert.deepEqual([socketIo.shows(12)(joined, LINE), socketIo.shows(2)(joined, LINE)], [true, false]);
});

test("raw ws.send says what it was given, and in a storm how many there are", () => {
  check(raw, { welcome: '{"welcome":[],"count":12}', join: "any bytes", leave: "other bytes" });
  const told = Buffer.from('{"joined":[],"count":12}');
  assert.deepEqual([raw.shows(12)(told, LINE), raw.shows(2)(told, LINE)], [true, false]);
});

test("a state of awareness tells who came, and a line knows of all after a message of each", () => {
  const joined = Buffer.from('\u0001\u0020{"user":{"name":"Person 7"}}');
  assert.deepEqual([yAwareness.isWelcome(joined), yAwareness.tells(joined, JOIN)], [true, true]);
  assert.equal(yAwareness.tells(Buffer.from("\u0001\u0001null"), LEAVE), true);
  assert.deepEqual([yAwareness.shows(11)(joined, LINE), yAwareness.shows(12)(joined, LINE)], [true, false]);
});
