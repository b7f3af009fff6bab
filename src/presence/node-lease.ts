import type { Clock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { incarnationOf, type KickOrder, type PresenceBackend, type TickResult } from "./backend.js";

/** What a lease tells its node. */
export interface LeaseOwner {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** The old lease was lost, a new term has begun: what is carried must be told anew. */
  termBegan(): Promise<void>;
  /** These incarnations are dead. */
  condemned(incarnations: readonly string[]): void;
  ordered(order: KickOrder): void;
}

/** A process's lease in the store: it is renewed with each tick, and begins a new term when it was lost. */
export class NodeLease {
  #term = 1;
  #store = { time: 0, at: 0 };
  #lastOrder: number | null = null;
  #isAnswered = true;
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

  /** The store did not answer the last time. */
  get isDegraded(): boolean {
    return !this.#isAnswered;
  }

  take(): Promise<void> {
    return this.#guarded("the lease could not be taken", async () => this.#heard(await this.#ask(true)));
  }

  renew(): Promise<void> {
    this.#renewing ??= this.#guarded("the lease could not be renewed", () => this.#renewOnce()).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Gives the lease back, so that nobody waits for its end: for a process that has left nothing behind. */
  async resign(): Promise<void> {
    await this.#renewing;
    if (this.#lastOrder === null) return;
    await this.#guarded("the lease could not be given back", () => this.owner.backend.resign(this.incarnation));
  }

  async #renewOnce(): Promise<void> {
    const result = await this.#ask(false);
    if (result.state === "ok") return this.#heard(result);
    this.#term += 1;
    this.owner.logger.warn({ incarnation: this.incarnation }, "the lease was lost; a new term begins");
    this.#heard(await this.#ask(true));
    await this.owner.termBegan();
  }

  #ask(isFirst: boolean): Promise<TickResult> {
    const { leaseMs, storeClockStepMs: stepMs } = this.owner.limits;
    const ordersSince = this.#lastOrder ?? 0;
    return this.owner.backend.tick({ incarnation: this.incarnation, isFirst, leaseMs, stepMs, ordersSince });
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
      this.#isAnswered = true;
    } catch (error) {
      this.#isAnswered = false;
      this.owner.logger.warn({ error: messageOf(error) }, what);
    }
  }
}
