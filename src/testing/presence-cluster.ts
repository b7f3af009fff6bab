import type { Clock, Timer } from "../clock.js";
import { resolveLimits, type Limits } from "../options.js";
import type { PresenceBackend, RoomListener, RoomWrite, RoomWriteResult } from "../presence/backend.js";
import { managerOf, type PresenceManager } from "../presence/manager.js";
import { MemoryBackend, MemoryStore } from "../presence/memory.js";
import { PresenceNode, type PresenceNodeOptions, type RoomHold } from "../presence/node.js";
import type { LeaveReason } from "../presence/presence.js";
import { FakeClock } from "./fake-clock.js";
import { silentLogger } from "./silent-logger.js";

/** What happens to a message on its way to a node. */
export type Fate = "deliver" | "lose" | "twice" | "late";

/** The clock of one process, which can be stopped as SIGSTOP does: time goes on, its timers run when it wakes. */
class ProcessClock implements Clock {
  #backlog: (() => void)[] | null = null;

  constructor(private readonly base: FakeClock) {}

  now(): number {
    return this.base.now();
  }
  wallTime(): number {
    return this.base.wallTime();
  }
  after(ms: number, work: () => void): Timer {
    let isCleared = false;
    const timer = this.base.after(ms, () => this.#run(() => isCleared || work()));
    return { clear: () => ((isCleared = true), timer.clear()) };
  }
  every(ms: number, work: () => void): Timer {
    let isDue = false;
    let isCleared = false;
    const run = () => {
      isDue = false;
      if (!isCleared) work();
    };
    const timer = this.base.every(ms, () => {
      // A stopped interval is due once, however often it was missed.
      if (!isDue) this.#run(run);
      isDue = this.#backlog !== null;
    });
    return { clear: () => ((isCleared = true), timer.clear()) };
  }
  freeze(): void {
    this.#backlog ??= [];
  }
  thaw(): void {
    const backlog = this.#backlog ?? [];
    this.#backlog = null;
    for (const work of backlog) work();
  }
  #run(work: () => void): void {
    if (this.#backlog) this.#backlog.push(work);
    else work();
  }
}

/** A node's way to the store, with faults on it. */
class FaultyLink extends MemoryBackend {
  fate: () => Fate = () => "deliver";
  /** commands fail; half of them after they were done */
  isCut = false;
  writes = 0;
  #inbox: (() => void)[] | null = null;
  #late: (() => void)[] = [];

  override async subscribe(room: string, listener: RoomListener): Promise<() => void> {
    this.#check();
    return super.subscribe(room, {
      changed: (event) => this.#pass(() => listener.changed(event)),
      published: (text) => this.#pass(() => listener.published(text)),
    });
  }
  override async apply(room: string, write: RoomWrite): Promise<RoomWriteResult> {
    this.writes += 1;
    if (this.isCut && this.writes % 2 === 0) {
      await super.apply(room, write);
      throw new Error("timed out, but done");
    }
    this.#check();
    return super.apply(room, write);
  }
  override async snapshot(room: string) {
    this.#check();
    return super.snapshot(room);
  }
  override async publish(room: string, text: string) {
    this.#check();
    return super.publish(room, text);
  }
  override async heads(rooms: readonly string[]) {
    this.#check();
    return super.heads(rooms);
  }
  override async tick(request: Parameters<PresenceBackend["tick"]>[0]) {
    this.#check();
    return super.tick(request);
  }
  hold(): void {
    this.#inbox ??= [];
  }
  letGo(): void {
    const inbox = this.#inbox ?? [];
    this.#inbox = null;
    for (const deliver of inbox) deliver();
  }
  #check(): void {
    if (this.isCut) throw new Error("the store does not answer");
  }
  #pass(deliver: () => void): void {
    if (this.#inbox) return void this.#inbox.push(deliver);
    const fate = this.isCut ? "lose" : this.fate();
    if (fate === "lose") return;
    if (fate === "late") return void this.#late.push(deliver);
    deliver();
    if (fate === "twice") deliver();
    for (const late of this.#late.splice(0)) late();
  }
}

export interface ClusterNode {
  readonly node: PresenceNode;
  readonly presence: PresenceManager;
  readonly link: FaultyLink;
  /** Stops the process: nothing runs, nothing is heard, until `thaw`. */
  freeze(): void;
  thaw(): void;
}

/** Several processes over one memory store in one test process. */
export class PresenceCluster {
  readonly clock = new FakeClock();
  readonly limits: Limits;
  readonly store: MemoryStore;
  readonly nodes: ClusterNode[] = [];
  #ids = 0;

  constructor(
    limits: Partial<Limits> = {},
    private readonly authorizePresence?: PresenceNodeOptions["authorizePresence"],
  ) {
    this.limits = resolveLimits(limits);
    this.store = new MemoryStore(this.clock, silentLogger);
  }

  start(): ClusterNode {
    const clock = new ProcessClock(this.clock);
    const link = new FaultyLink(this.store);
    const newId = () => `id${(this.#ids += 1)}`;
    const { limits, authorizePresence } = this;
    const node = new PresenceNode({ backend: link, clock, limits, logger: silentLogger, authorizePresence, newId });
    const started: ClusterNode = {
      node,
      presence: managerOf(node),
      link,
      freeze: () => (clock.freeze(), link.hold()),
      thaw: () => (clock.thaw(), link.letGo()),
    };
    this.nodes.push(started);
    return started;
  }

  /** kill -9: what it carried stays in the store until somebody sweeps it. */
  kill(node: ClusterNode): void {
    node.freeze();
    node.link.isCut = true;
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Lets time pass until this is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => void (isDone = true);
    work.then(done, done);
    for (let i = 0; i < 1_000 && !isDone; i += 1) await this.clock.advance(i === 0 ? 0 : 10);
    return work;
  }
}

/** Writes down what a view on a node would be told of a room: `+ann`, `-ann left`, `~ann`. */
export class Observer {
  readonly told: string[] = [];
  readonly present = new Set<string>();
  readonly faults: string[] = [];

  private constructor(readonly hold: RoomHold) {
    for (const { id } of hold.room.everybody) this.present.add(id);
    hold.room.watch({
      changed: ({ joins, updates, leaves, reasons }) => {
        for (const { id } of joins) this.#joined(id);
        for (const { id } of updates) this.told.push(`~${id}`);
        for (const { id } of leaves) this.#left(id, reasons.get(id));
      },
    });
  }

  static async of({ node }: Pick<ClusterNode, "node">, key: string): Promise<Observer> {
    return new Observer(await node.host("", key));
  }

  get list(): string[] {
    return this.hold.room.everybody.map(({ id }) => id).toSorted();
  }

  #joined(id: string): void {
    if (this.present.has(id)) this.faults.push(`${id} joined twice`);
    this.present.add(id);
    this.told.push(`+${id}`);
  }

  #left(id: string, reason: LeaveReason | undefined): void {
    if (!this.present.delete(id)) this.faults.push(`${id} left twice`);
    this.told.push(`-${id} ${reason}`);
  }
}
