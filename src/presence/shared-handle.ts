import { ConviveError } from "../errors.js";
import type { Frozen } from "../render/freeze.js";
import { CONTEXT_VALUE, type ViewHost, type ViewTrait } from "../view-host.js";
import type { PayloadOf } from "./presence.js";
import type { Shared, SharedBody, SharedDefinition, SharedValue, SharedViewer } from "./shared.js";
import { keyOfView } from "./view-key.js";

/** What `this.share(definition)` returns. */
export class SharedHandle<T, E> implements Shared<T, E>, SharedViewer, ViewTrait {
  readonly #body: SharedBody;
  #ready: Promise<void> | null = null;
  #shared: SharedValue | null = null;
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
    return (this.#glimpse ? this.#glimpse.value : this.#shared!.value) as Frozen<T>;
  }

  /** @throws ConviveError PRESENCE_FORBIDDEN for who may not see the room, or what `load` throws */
  ready(): Promise<void> {
    if (this.#glimpse || this.#shared) return Promise.resolve();
    return (this.#ready ??= this.#load().finally(() => (this.#ready = null)));
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
    if (this.#shared) await this.#mustSee(this.#key);
  }

  ended(): void {
    this.#isEnded = true;
    this.#release();
  }

  [CONTEXT_VALUE](): unknown {
    return this.#isReady ? this.value : undefined;
  }

  get #isReady(): boolean {
    return this.#glimpse !== null || (this.#shared?.isReady ?? false);
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
    const shared = await node.shared.enter(this.#body, tenant, key, this);
    if (this.#isEnded) node.shared.leave(shared, this);
    else this.#shared = shared;
  }

  #send(event: string | null, payload: unknown): void {
    if (!this.host.connected || this.#isEnded) return;
    if (this.#shared) this.#shared.send(event, payload);
    else this.host.enqueue(() => this.ready().then(() => this.#shared?.send(event, payload)));
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

  changed(): void {
    this.host.changed();
  }

  /** An order to leave: who may see the room no more has no value any more. */
  kicked(userId: string): void {
    if (userId === this.host.userId) this.host.enqueue(() => this.#mustSee(this.#key));
  }

  #release(): void {
    if (this.#shared) this.host.node.shared.leave(this.#shared, this);
    this.#shared = null;
  }
}
