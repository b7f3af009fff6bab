import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.js";
import { Mailbox } from "./mailbox.js";

const LIMITS = { mailboxLength: 10, handlerMs: 30_000 };

function mailboxWithLog(clock = new FakeClock()) {
  const log: string[] = [];
  const mailbox = new Mailbox(
    {
      failed: (error) => void log.push(`failed ${(error as Error).message}`),
      turned: (idle) => void log.push(idle ? "idle" : "busy"),
      overdue: () => void log.push("overdue"),
    },
    clock,
    LIMITS,
  );
  return { mailbox, log };
}

test("Work runs one at a time, each awaited, in the order posted", async () => {
  const { mailbox, log } = mailboxWithLog();
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  mailbox.post(async () => {
    log.push("a begins");
    await gate;
    log.push("a ends");
  });
  mailbox.post(() => log.push("b"));
  assert.deepEqual(log, []);
  setImmediate(release);
  await mailbox.settled();
  assert.deepEqual(log, ["a begins", "a ends", "busy", "b", "busy", "idle"]);
});

test("Work that throws is told to the owner, and the next runs", async () => {
  const { mailbox, log } = mailboxWithLog();
  mailbox.post(() => {
    throw new Error("one");
  });
  mailbox.post(() => Promise.reject(new Error("two")));
  mailbox.post(() => log.push("three"));
  await mailbox.settled();
  assert.deepEqual(log, ["failed one", "busy", "failed two", "busy", "three", "busy", "idle"]);
});

test("An owner that throws does not stop the mailbox", async () => {
  const mailbox = new Mailbox(
    {
      failed: () => {
        throw new Error("the log is full");
      },
      turned: () => {},
      overdue: () => {},
    },
    new FakeClock(),
    LIMITS,
  );
  mailbox.post(() => {
    throw new Error("work");
  });
  assert.equal(await mailbox.run(() => 7), 7);
});

test("A result and a failure go to the caller of run alone", async () => {
  const { mailbox, log } = mailboxWithLog();
  assert.equal(await mailbox.run(() => Promise.resolve(1)), 1);
  await assert.rejects(
    mailbox.run(() => Promise.reject(new Error("mine"))),
    /mine/,
  );
  await mailbox.settled();
  assert.ok(!log.some((line) => line.startsWith("failed")));
});

test("A finished mailbox runs what it has, then its last work, takes nothing more and still settles", async () => {
  const { mailbox, log } = mailboxWithLog();
  mailbox.post(() => log.push("queued"));
  mailbox.finish(async () => void log.push("last"), 100);
  assert.equal(
    mailbox.post(() => log.push("too late")),
    false,
  );
  await assert.rejects(
    mailbox.run(() => 1),
    /SERVER_CLOSED/,
  );
  await mailbox.settled();
  assert.deepEqual(log.slice(0, 3), ["queued", "busy", "last"]);
});

test("The last work does not wait for ever for work that never ends, and runs once", async () => {
  const clock = new FakeClock();
  const { mailbox, log } = mailboxWithLog(clock);
  let release = () => {};
  mailbox.post(() => new Promise<void>((resolve) => (release = resolve)));
  mailbox.finish(async () => void log.push("last"), 100);
  await clock.advance(99);
  assert.deepEqual(log, []);
  await clock.advance(1);
  assert.deepEqual(log, ["last"]);
  release();
  await mailbox.settled();
  assert.equal(log.filter((line) => line === "last").length, 1);
  assert.equal(clock.timers, 0);
});

test("Work that takes too long is told to the owner, and fails; what waits behind it fails when the mailbox is closed", async () => {
  const clock = new FakeClock();
  const { mailbox, log } = mailboxWithLog(clock);
  const hung = assert.rejects(
    mailbox.run(() => new Promise(() => {})),
    /HANDLER_TIMEOUT/,
  );
  const waiting = assert.rejects(
    mailbox.run(() => 1),
    /SERVER_CLOSED/,
  );
  await clock.advance(LIMITS.handlerMs);
  assert.deepEqual(log, ["overdue"]);
  await hung;
  mailbox.finish(async () => void log.push("last"), 0);
  await clock.advance(0);
  await waiting;
  await mailbox.settled();
  assert.deepEqual(log, ["overdue", "last"]);
  assert.equal(clock.timers, 0);
});
