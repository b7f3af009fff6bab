import { ConviveError } from "../errors.js";
import type { Frozen } from "../render/freeze.js";
import { CONTEXT_VALUE, type ViewHost, type ViewTrait } from "../view-host.js";
import type { PayloadOf } from "./presence.js";
import type { Shared, SharedBody, SharedDefinition, SharedHold } from "./shared.js";
import { keyOfView } from "./view-key.js";

/** What `this.share(definition)` returns. */
export class SharedHandle<T, E> implements Shared<T, E>, ViewTrait {
  readonly #body: SharedBody;
  #ready: Promise<void> | null = null;
  #hold: SharedHold | null = null;
  #glimpse: { readonly value: unknown } | null = null;
  #frozenKey: string | null = null;
  #isEnded = false;

  constructor(
    private readonly view: object,
    private readonly host: ViewHost,
    definition: SharedDefinition<T, E>,
  ) {
    this.#body = definition as SharedDefinition<T, E> & SharedBody;
    host.addTrait(this);
  }

  get value(): Frozen<T> {
    if (!this.#isReady) {
      throw new ConviveError(
        "SHARED_NOT_READY",
        `The shared value ${JSON.stringify(this.#body.name)} is not loaded; it is after mount(), and within after \`await ….ready()\`.`,
      );
    }
    return (this.#glimpse ? this.#glimpse.value : this.#hold!.shared.value) as Frozen<T>;
  }

  /** @throws ConviveError PRESENCE_FORBIDDEN for who may not see the room, or what `load` throws */
  ready(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  send<K extends keyof E & string>(event: K, ...[payload]: PayloadOf<E, K>): void {
    if (!Object.hasOwn(this.#body.on, event)) {
      const known = Object.keys(this.#body.on).join(", ") || "none";
      throw new ConviveError(
        "SHARED_UNKNOWN_EVENT",
        `${JSON.stringify(this.#body.name)} has no reducer "${event}"; there are: ${known}.`,
      );
    }
    this.#send(event, payload ?? null);
  }

  reload(): void {
    this.#send(null, null);
  }

  mounted(): Promise<void> {
    return this.ready();
  }

  async resumed(): Promise<void> {
    if (this.#hold) await this.#mustSee(this.#key);
  }

  ended(): void {
    this.#isEnded = true;
    this.#release();
  }

  [CONTEXT_VALUE](): unknown {
    return this.#isReady ? this.value : undefined;
  }

  get #isReady(): boolean {
    return this.#glimpse !== null || (this.#hold?.shared.isReady ?? false);
  }

  /** Frozen at first use. */
  get #key(): string {
    return (this.#frozenKey ??= keyOfView(this.#body.key, this.view, this.host));
  }

  async #load(): Promise<void> {
    const { node, tenant, connected } = this.host;
    const key = this.#key;
    await this.#mustSee(key);
    if (!connected) {
      this.#glimpse = { value: await node.shared.glance(this.#body, tenant, key) };
      return;
    }
    const hold = await node.shared.hold(this.#body, tenant, key, {
      changed: () => this.host.changed(),
      kicked: (userId) => void (userId === this.host.userId && this.#kicked(key)),
    });
    if (this.#isEnded) hold.release();
    else this.#hold = hold;
  }

  #send(event: string | null, payload: unknown): void {
    if (!this.host.connected || this.#isEnded) return;
    if (this.#hold) this.#hold.shared.send(event, payload);
    else this.host.enqueue(() => this.ready().then(() => this.#hold?.shared.send(event, payload)));
  }

  async #mustSee(key: string): Promise<void> {
    const { user, userId, node } = this.host;
    if ((await node.rooms.permit({ user, userId, key, via: "view" })).see) return;
    this.#release();
    throw new ConviveError(
      "PRESENCE_FORBIDDEN",
      `authorizePresence() does not let this user see the room ${JSON.stringify(key)}, whose shared value the view shows.`,
      { status: 403 },
    );
  }

  /** An order to leave: who may see the room no more has no value any more. */
  #kicked(key: string): void {
    this.host.enqueue(() => this.#mustSee(key));
  }

  #release(): void {
    this.#hold?.release();
    this.#hold = null;
    this.#ready = null;
  }
}
