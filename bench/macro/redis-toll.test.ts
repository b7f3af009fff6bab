import assert from "node:assert/strict";
import { test } from "node:test";
import { tollBetween, tollOf } from "./redis-toll.js";

const INFO = [
  "# CPU\r\nused_cpu_sys:1.500000\r\nused_cpu_user:0.250000\r\nused_cpu_sys_children:9.0",
  "# Commandstats\r\ncmdstat_publish:calls=70,usec=9\r\ncmdstat_eval:calls=2,usec=9\r\ncmdstat_evalsha:calls=98,usec=9\r\n",
].join("\r\n");

test("commands of a Redis are the scripts, or the messages where they are more", () => {
  assert.deepEqual(tollOf(INFO), { commands: 100, cpuMs: 1_750 });
  assert.equal(tollOf(INFO.replace("calls=70", "calls=170")).commands, 170);
  assert.deepEqual(tollOf(""), { commands: 0, cpuMs: 0 });
  assert.deepEqual(tollBetween({ commands: 10, cpuMs: 750 }, tollOf(INFO)), { commands: 90, cpuMs: 1_000 });
});
