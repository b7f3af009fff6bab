import assert from "node:assert/strict";
import { systemClock } from "../../src/clock.js";
import { RedisLink } from "../../src/redis/link.js";
import { FaultProxy } from "../../src/testing/fault-proxy.js";
import type { NaiveRule } from "../../src/testing/naive-rules.js";
import { PresenceProcess, type PresenceCommands } from "../../src/testing/presence-process.js";
import { startRedis, type RedisServerProcess } from "../../src/testing/redis-server.js";
import { silentLogger } from "../../src/testing/silent-logger.js";
import { until } from "../../src/testing/until.js";
import { KEYS, SLOTS, type ChaosModel } from "./chaos-model.js";

/** Times of a fifth or so, in the proportions that Redis asks for. */
const LIMITS = {
  leaseMs: 3_000,
  nodeTickMs: 200,
  auditMs: 500,
  storeClockStepMs: 300,
  redisCommandMs: 600,
  redisRetryMs: 150,
  prunePresencesMs: 10_000,
} as const;
/** What a node needs, after a fault, to have its lease renewed. */
const RETURN_MS = 300;
const BREATH_MS = 15;
const PATIENCE_MS = 30_000;

/** Somebody who stays in a room for as long as his process lives, and is never to be told to have left. */
interface Anchor {
  readonly userId: string;
  readonly slot: number;
  endedAt: number;
}

class Slot {
  process: PresenceProcess | null = null;
  /** since the last check, without what is going on */
  faultMs = 0;
  faultSince: number | null = null;
  isAway = false;
  isSilent = false;

  constructor(readonly proxy: FaultProxy) {}

  get wholeFaultMs(): number {
    return this.faultMs + (this.faultSince === null ? 0 : performance.now() - this.faultSince);
  }

  begin(): void {
    this.isAway = true;
    this.#count();
  }

  end(): void {
    if (this.isAway && this.faultSince !== null) this.faultMs += RETURN_MS;
    this.isAway = false;
    this.#count();
  }

  /** While Redis is silent the store's clock stands still: nobody's lease runs. */
  silence(isSilent: boolean): void {
    this.isSilent = isSilent;
    this.#count();
  }

  #count(): void {
    const isCounted = this.isAway && !this.isSilent;
    if (isCounted) this.faultSince ??= performance.now();
    else if (this.faultSince !== null) {
      this.faultMs += performance.now() - this.faultSince;
      this.faultSince = null;
    }
  }
}

export interface ChaosOptions {
  readonly naive?: NaiveRule | undefined;
  /** Whoever was away for less than this keeps his lease; half of it unless given. */
  readonly excuseMs?: number;
}

/** Three processes over one Redis, each on a way of its own; what was done to them and what they told. */
export class ChaosWorld {
  /** how long the nodes took to agree after each healing */
  readonly agreedMs: number[] = [];
  readonly #story: string[] = [];
  readonly #slots: Slot[] = [];
  readonly #processes: PresenceProcess[] = [];
  readonly #anchors: Anchor[] = [];
  readonly #pending = new Map<Promise<unknown>, string>();
  readonly #problems: string[] = [];
  readonly #verified = new Map<PresenceProcess, number>();

  private constructor(
    private redis: RedisServerProcess,
    private readonly options: ChaosOptions,
  ) {}

  static async start(options: ChaosOptions = {}): Promise<ChaosWorld> {
    const world = new ChaosWorld(await startRedis(), options);
    for (let slot = 0; slot < SLOTS; slot += 1) {
      world.#slots.push(new Slot(await FaultProxy.start(world.redis.port)));
    }
    await Promise.all(world.#slots.map((_, slot) => world.start(slot)));
    return world;
  }

  // ── steps ──

  began(step: string): void {
    this.#story.push(step);
  }

  /** Told, and not waited for: a process that is stopped or cut off does it when it can. */
  ask<N extends keyof PresenceCommands>(slot: number, name: N, ...words: Parameters<PresenceCommands[N]>): void {
    const { process } = this.#slots[slot]!;
    assert.ok(process, `nobody in slot ${slot}`);
    const what = `${name} ${JSON.stringify(words)} in slot ${slot}`;
    const asked = process.ask(name, ...words).catch((error: unknown) => {
      if (this.#slots[slot]!.process === process) this.#problems.push(`${what}: ${String(error)}`);
    });
    this.#pending.set(asked, what);
    void asked.then(() => this.#pending.delete(asked));
  }

  async start(index: number): Promise<void> {
    const slot = this.#slots[index]!;
    slot.proxy.forward();
    slot.end();
    const { naive } = this.options;
    const options = { url: slot.proxy.url, limits: LIMITS, ...(naive ? { naive } : {}) };
    const started = await this.#inTime("a process is started", () => PresenceProcess.start(options));
    slot.process = started;
    this.#processes.push(started);
    const userId = `anchor${index}-${this.#anchors.length}`;
    this.#anchors.push({ userId, slot: index, endedAt: Infinity });
    for (const key of KEYS) {
      this.ask(index, "observe", key);
      this.ask(index, "join", key, userId, {}, `${userId}-${key}`);
    }
  }

  async kill(index: number): Promise<void> {
    const process = this.#leave(index);
    await this.#inTime("a process is killed", () => process.kill());
  }

  async shut(index: number): Promise<void> {
    const process = this.#leave(index);
    await this.#inTime("a node is closed", () => process.stop());
  }

  stop(index: number): void {
    this.#slots[index]!.begin();
    this.#slots[index]!.process!.pause();
  }

  goOn(index: number): void {
    this.#slots[index]!.process!.goOn();
    this.#slots[index]!.end();
  }

  cut(index: number, way: "both" | "up" | "down"): void {
    const { proxy } = this.#slots[index]!;
    this.#slots[index]!.begin();
    if (way === "both") proxy.blackhole();
    else proxy.half(way);
  }

  mend(index: number): void {
    this.#slots[index]!.proxy.forward();
    this.#slots[index]!.end();
  }

  /** All connections break at once; they can be made anew. */
  shake(index: number): void {
    this.#slots[index]!.proxy.reset();
  }

  /** Until it is mended: everything late, in pieces, and in bursts. */
  slow(index: number): void {
    this.#slots[index]!.proxy.delay(10, 20);
    this.#slots[index]!.proxy.slice(100);
  }

  /** Nothing that it held is left. */
  async restartRedis(): Promise<void> {
    const { port } = this.redis;
    await this.redis.stop();
    this.redis = await startRedis([], port);
  }

  stopRedis(): void {
    this.redis.process.kill("SIGSTOP");
    for (const slot of this.#slots) slot.silence(true);
  }

  goOnRedis(): void {
    for (const slot of this.#slots) slot.silence(false);
    this.redis.process.kill("SIGCONT");
  }

  /** A silence in which every lease would end, were it not Redis that counts. */
  async hangRedis(): Promise<void> {
    this.stopRedis();
    await this.outlast();
    this.goOnRedis();
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  breathe(): Promise<void> {
    return this.pause(BREATH_MS);
  }

  /** Longer than a lease: whoever is away loses it. */
  outlast(): Promise<void> {
    return this.pause(LIMITS.leaseMs + 2 * LIMITS.nodeTickMs);
  }

  /** What was asked for is done. */
  async settled(): Promise<void> {
    await this.#inTime("what was asked for is done", () => Promise.all([...this.#pending.keys()]));
  }

  // ── what must hold ──

  /** Ends all faults, and sees what the nodes come to. */
  async check(model: ChaosModel): Promise<void> {
    this.goOnRedis();
    const { excuseMs = LIMITS.leaseMs / 2 } = this.options;
    const excused = new Set(this.#slots.flatMap((slot, index) => (slot.wholeFaultMs >= excuseMs ? index : [])));
    for (const [index, { process }] of this.#slots.entries()) {
      if (process) this.goOn(index);
      this.mend(index);
    }
    const healedAt = performance.now();
    await this.settled();
    await until(
      () => this.#agree(model),
      () => this.#tellState(model),
    );
    this.agreedMs.push(performance.now() - healedAt);
    for (const process of this.#processes) this.#verify(process, excused);
    for (const slot of this.#slots) Object.assign(slot, { faultMs: 0, faultSince: null, isAway: false });
    assert.deepEqual(this.#problems, [], `after ${this.#story.join(" ")}`);
  }

  /** Everybody leaves: nothing is left in Redis that does not end by itself, nor in the processes. */
  async finish(model: ChaosModel): Promise<void> {
    await this.check(model);
    for (const [name, { slot }] of model.connections) this.ask(slot, "end", name);
    const anchors = this.#anchors.filter(({ endedAt }) => endedAt === Infinity);
    for (const anchor of anchors) anchor.endedAt = now();
    for (const { userId, slot } of anchors) for (const key of KEYS) this.ask(slot, "end", `${userId}-${key}`);
    model.connections.clear();
    await this.settled();
    await until(
      () => this.#agree(model),
      () => this.#tellState(model),
    );
    for (const process of this.#processes) this.#verify(process, new Set());
    const running = this.#slots.flatMap(({ process }) => process ?? []);
    await this.#inTime("all are closed", () => Promise.all(running.map((process) => process.stop())));
    await this.#seeRedisEmpty();
    assert.deepEqual(this.#problems, [], `after ${this.#story.join(" ")}`);
  }

  /** Ends what runs, however it went. */
  async end(): Promise<void> {
    this.goOnRedis();
    await Promise.all(this.#processes.map((process) => process.kill()));
    await Promise.all(this.#slots.map(({ proxy }) => proxy.stop()));
    await this.redis.stop();
  }

  // ── inside ──

  async #inTime<T>(what: string, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () => {
        const pending = [...this.#pending.values()];
        reject(new Error(`not in time: ${what}; pending: ${pending.join(" ")}; after ${this.#story.join(" ")}`));
      };
      timer = setTimeout(fail, PATIENCE_MS);
    });
    return Promise.race([work(), late]).finally(() => clearTimeout(timer));
  }

  #leave(index: number): PresenceProcess {
    const slot = this.#slots[index]!;
    const { process } = slot;
    assert.ok(process, `nobody in slot ${index}`);
    for (const anchor of this.#anchors) {
      if (anchor.slot === index) anchor.endedAt = Math.min(anchor.endedAt, now());
    }
    slot.process = null;
    return process;
  }

  #truth(model: ChaosModel, key: string): Map<string, number> {
    const truth = model.truth(key);
    for (const { userId, endedAt } of this.#anchors) if (endedAt === Infinity) truth.set(userId, 1);
    return truth;
  }

  async #agree(model: ChaosModel): Promise<boolean> {
    for (const { process } of this.#slots) {
      if (!process) continue;
      for (const key of KEYS) {
        const list = await process.ask("list", key);
        const expected = this.#truth(model, key);
        const isRight = list.every(({ id, connections }) => expected.get(id) === connections);
        if (!isRight || list.length !== expected.size) return false;
        const counts = [await process.ask("count", key), await process.ask("stored", key).catch(() => NaN)];
        if (counts.some((count) => count !== list.length)) return false;
      }
    }
    return true;
  }

  async #tellState(model: ChaosModel): Promise<unknown> {
    const shown = this.#slots.map(async ({ process }) => {
      if (!process) return "down";
      const rooms = KEYS.map(async (key) => ({
        list: (await process.ask("list", key)).map(({ id, connections }) => `${id}:${connections}`).toSorted(),
        count: await process.ask("count", key),
        stored: await process.ask("stored", key).catch(String),
      }));
      return { ...(await process.ask("state")), rooms: await Promise.all(rooms) };
    });
    const truth = KEYS.map((key) => [...this.#truth(model, key)].map((each) => each.join(":")).toSorted());
    return { story: this.#story.join(" "), truth, shown: await Promise.all(shown), problems: this.#problems };
  }

  /** What a process told: joins and leaves in turn, ending in what it shows; no anchor leaves that had no reason to. */
  #verify(process: PresenceProcess, excused: ReadonlySet<number>): void {
    for (const failure of process.failures) this.#problems.push(failure);
    const from = this.#verified.get(process) ?? 0;
    this.#verified.set(process, process.told.length);
    for (const { change, at, key } of process.told.slice(from)) {
      const anchor = this.#anchors.find(({ userId }) => change.startsWith(`-${userId} `));
      if (!anchor || at >= anchor.endedAt || excused.has(anchor.slot)) continue;
      this.#problems.push(`vanish: slot ${this.#nameOf(process)} was told ${change} in ${key}, whose node was well`);
    }
    for (const key of KEYS) this.#verifyTurns(process, key);
  }

  #verifyTurns(process: PresenceProcess, key: string): void {
    const there = new Set(process.begun.get(key) ?? []);
    for (const told of process.told.filter((each) => each.key === key)) {
      const [sign, id] = [told.change[0], told.change.slice(1).split(" ")[0]!];
      if ((sign === "+") === there.has(id))
        this.#problems.push(`out of turn: ${told.change} to ${this.#nameOf(process)}`);
      if (sign === "+") there.add(id);
      else if (sign === "-") there.delete(id);
    }
  }

  #nameOf(process: PresenceProcess): string {
    return `${this.#slots.findIndex((slot) => slot.process === process)}.${this.#processes.indexOf(process)}`;
  }

  /** But for what the nodes of an app have in common, and what ends by itself. */
  async #seeRedisEmpty(): Promise<void> {
    const { url } = this.redis;
    const admin = new RedisLink({ place: url, deadlineMs: 5_000, clock: systemClock, logger: silentLogger });
    try {
      for (const key of (await admin.call("KEYS", "*")) as string[]) {
        if (key.includes(":nodes}")) continue;
        if (Number(await admin.call("PTTL", key)) === -1) this.#problems.push(`left in Redis for ever: ${key}`);
      }
    } finally {
      await admin.close();
    }
  }
}

/** The clock that all processes of a machine share, in ms, as in what they tell. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
