import assert from "node:assert/strict";
import { test } from "node:test";
import { BenchRefusal, refuseFullLoad, refuseLateTicks, refuseMissing, refuseNoise, unlessRefused } from "./refusal.js";

test("a full load beside a server with time to spare is refused, and says the shares", () => {
  const full = { windowMs: 100, loadWorkMs: 95, serverCpuMs: 60 };
  const refusal = { code: "BENCH_LOAD_IS_THE_LIMIT", message: /raw: the load worked 95 % .* server 60 %.*--viewers=N/ };
  assert.throws(() => refuseFullLoad("raw", full), refusal);
  refuseFullLoad("raw", { ...full, serverCpuMs: 85 });
  refuseFullLoad("raw", { ...full, loadWorkMs: 80 });
});

test("a missing delivery is refused, and so is one too many", () => {
  assert.throws(() => refuseMissing("ours", 999, 1000), { code: "BENCH_DELIVERY_MISSING", message: /999 of 1000/ });
  assert.throws(() => refuseMissing("ours", 1001, 1000), { code: "BENCH_DELIVERY_MISSING" });
  refuseMissing("ours", 1000, 1000);
});

test("a noisy machine is refused with its spread, seen in the baseline or on the cores", () => {
  const refusal = { code: "BENCH_MACHINE_NOISY" };
  assert.throws(() => refuseNoise("x", { spread: 0.31, foreign: null }), { ...refusal, message: /31 %.*unknown here/ });
  assert.throws(() => refuseNoise("x", { spread: 0.1, foreign: 0.25 }), { ...refusal, message: /10 %.*25 %/ });
  refuseNoise("x", { spread: 0.3, foreign: 0.1 });
});

test("a tick that is not held is refused: who tells less often looks cheap", () => {
  const refusal = { code: "BENCH_TICK_NOT_HELD", message: /ours: 7\.5 messages a second came where 30\.3 were due/ };
  assert.throws(() => refuseLateTicks("ours", { told: 7.45, due: 1_000 / 33 }), refusal);
  refuseLateTicks("ours", { told: 28, due: 1_000 / 33 });
});

test("what is refused costs its own results and the exit code, and anything else is still a failure", async (t) => {
  const { exitCode } = process;
  t.after(() => (process.exitCode = exitCode));
  const said = t.mock.method(console, "error", () => {});
  const refused = () => Promise.reject(new BenchRefusal("BENCH_DELIVERY_MISSING", "one is lost"));
  assert.deepEqual(await unlessRefused(refused), []);
  assert.equal(process.exitCode, 1);
  assert.deepEqual(said.mock.calls[0]?.arguments, ["✗ BENCH_DELIVERY_MISSING: one is lost"]);
  await assert.rejects(
    unlessRefused(() => Promise.reject(new Error("broken"))),
    /broken/,
  );
});

test("what noise spoilt is measured anew, three times in all, and each time is told", async (t) => {
  const { exitCode } = process;
  t.after(() => (process.exitCode = exitCode));
  process.exitCode = 0;
  const said = t.mock.method(console, "error", () => {});
  let tries = 0;
  const quietAtLast = (noisy: number) => async () => {
    tries += 1;
    if (tries <= noisy) throw new BenchRefusal("BENCH_MACHINE_NOISY", "too loud");
    return [tries];
  };
  assert.deepEqual(await unlessRefused(quietAtLast(2)), [3]);
  assert.equal(process.exitCode, 0);
  assert.equal(said.mock.callCount(), 2);
  tries = 0;
  assert.deepEqual(await unlessRefused(quietAtLast(3)), []);
  assert.equal(process.exitCode, 1);
  assert.equal(said.mock.calls.at(-1)?.arguments[0], "✗ BENCH_MACHINE_NOISY: too loud");
});
