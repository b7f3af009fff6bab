import type { Clock } from "../clock.js";
import { ConviveError, messageOf, type ErrorCode } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { incarnationOf, type KickOrder, type PresenceBackend, type TickResult } from "./backend.js";

/** What a lease tells its node. */
export interface LeaseOwner {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** The old lease was lost, a new term has begun: what is carried must be told anew. The lease does not wait for that. */
  termBegan(): void;
  /** These incarnations are dead. */
  condemned(incarnations: readonly string[]): void;
  ordered(order: KickOrder): void;
}

/** A process's lease in the store: it is renewed with each tick, and begins a new term when it was lost. */
export class NodeLease {
  #term = 1;
  #store = { time: 0, at: 0 };
  #storeMs: number | null = null;
  #lastOrder: number | null = null;
  #hasLease = false;
  #isTermNew = false;
  #isLost = false;
  #trouble: ErrorCode | null = null;
  #renewing: Promise<void> | null = null;

  constructor(
    private readonly process: string,
    private readonly owner: LeaseOwner,
  ) {}

  get incarnation(): string {
    return incarnationOf(this.process, this.#term);
  }

  /** In ms; between ticks it advances as the store's would. */
  get storeTime(): number {
    const { clock, limits } = this.owner;
    return this.#store.time + Math.min(clock.now() - this.#store.at, limits.storeClockStepMs);
  }

  /** It was taken, as far as this process knows. */
  get isHeld(): boolean {
    return this.#hasLease;
  }

  /** Why the store did not answer the last time. */
  get trouble(): ErrorCode | null {
    return this.#trouble;
  }

  /** How long the store took for the last beat, in ms. */
  get storeMs(): number | null {
    return this.#storeMs;
  }

  take(): Promise<void> {
    return this.#guarded("the lease could not be taken", () => this.#takeOnce());
  }

  renew(): Promise<void> {
    this.#renewing ??= this.#guarded("the lease could not be renewed", () => this.#renewOnce()).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** The store refuses what this incarnation writes. Its lease may look well all the same, where the store lost that it was condemned. */
  lost(incarnation: string): void {
    if (incarnation === this.incarnation) this.#isLost = true;
  }

  /** Gives the lease back, so that nobody waits for its end: for a process that has left nothing behind. */
  async resign(): Promise<void> {
    await this.#renewing;
    if (!this.#hasLease) return;
    // Who is on the way in comes too late: what was written now would outlive the lease.
    this.#hasLease = false;
    await this.#guarded("the lease could not be given back", () => this.owner.backend.resign(this.incarnation));
  }

  async #takeOnce(): Promise<void> {
    this.#heard(await this.#ask(true));
    this.#hasLease = true;
    if (!this.#isTermNew) return;
    this.#isTermNew = false;
    this.owner.termBegan();
  }

  async #renewOnce(): Promise<void> {
    if (!this.#hasLease) return this.#takeOnce();
    const result = await this.#ask(false);
    if (result.state === "ok" && !this.#isLost) return this.#heard(result);
    this.#term += 1;
    this.#isTermNew = true;
    this.#hasLease = false;
    this.#isLost = false;
    this.owner.logger.warn({ incarnation: this.incarnation }, "the lease was lost; a new term begins");
    await this.#takeOnce();
  }

  async #ask(isFirst: boolean): Promise<TickResult> {
    const { backend, clock, limits } = this.owner;
    const { leaseMs, storeClockStepMs: stepMs } = limits;
    const askedAt = clock.now();
    const ordersSince = this.#lastOrder ?? 0;
    const result = await backend.tick({ incarnation: this.incarnation, isFirst, leaseMs, stepMs, ordersSince });
    this.#storeMs = clock.now() - askedAt;
    return result;
  }

  #heard({ storeTime, condemned, orders, lastOrder }: TickResult): void {
    this.#store = { time: storeTime, at: this.owner.clock.now() };
    // What was ordered before this process began does not concern it.
    if (this.#lastOrder !== null) for (const order of orders) this.owner.ordered(order);
    this.#lastOrder = lastOrder;
    this.owner.condemned(condemned);
  }

  async #guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#trouble) this.owner.logger.info({}, "the store answers again");
      this.#trouble = null;
    } catch (error) {
      // Told once, and again when the reason is another; not with every tick.
      const trouble = error instanceof ConviveError ? error.code : "STORE_UNAVAILABLE";
      if (trouble !== this.#trouble) this.owner.logger.warn({ code: trouble, error: messageOf(error) }, what);
      this.#trouble = trouble;
    }
  }
}
