import { ConviveError, messageOf } from "../errors.js";
import { freeze, type Frozen } from "../render/freeze.js";
import { matchPresenceKey, type KeyValues } from "./key.js";
import { Listeners } from "./listeners.js";
import type { PresenceNode, RoomHold } from "./node.js";
import type { PayloadOf } from "./presence.js";
import type { RoomMessage, SharedMessage } from "./room-message.js";

/** What all in a room see; made by `defineShared`. */
export interface SharedDefinition<T, E> {
  readonly key: string;
  readonly value?: T;
  readonly events?: E;
}

/** What `load` is told beside the key's values. */
export interface SharedRoom {
  /** rooms of one key in two tenants hold two values; empty for none */
  readonly tenant: string;
}

/** A view's hold of a shared value; in the context it stands as the value itself. */
export interface Shared<T, E> {
  /** Frozen. @throws ConviveError SHARED_NOT_READY before it is loaded */
  readonly value: Frozen<T>;
  ready(): Promise<void>;
  /** Puts an event into the room's stream; every node applies its reducer once, in the stream's order. */
  send<K extends keyof E & string>(event: K, ...payload: PayloadOf<E, K>): void;
  /** Loads it anew on every node, for a change that came another way. */
  reload(): void;
}

/** What a definition holds, whatever the types of its value. */
export interface SharedBody {
  readonly key: string;
  readonly name: string;
  readonly load: (values: never, room: SharedRoom) => unknown;
  readonly on: Readonly<Record<string, (value: never, payload: never) => unknown>>;
}

/**
 * One value per room and node that all its viewers see: loaded once, frozen, changed by reducers in the room's order, rendered once.
 * `load` is also told the tenant, and must load what is that tenant's.
 * Reducers must bear the same event twice: it may already be in what was loaded.
 *
 * @example
 * const board = defineShared({
 *   key: "whiteboard:{boardId}",
 *   load: ({ boardId }) => boards.load(boardId),
 *   on: { add: (shapes, shape: Shape) => [...shapes, shape] },
 * });
 */
export function defineShared<const K extends string, T, E>(definition: {
  key: K;
  name?: string;
  load: (values: KeyValues<K>, room: SharedRoom) => T | Promise<T>;
  // As a method's type: a named function is compared before the type of the value is known, and must pass until then.
  on: { [N in keyof E]: { reduce(value: Frozen<NoInfer<T>>, payload: E[N]): NoInfer<T> }["reduce"] };
}): SharedDefinition<T, { [N in keyof E]: unknown extends E[N] ? null : E[N] }> {
  const { key, name = key, load, on } = definition;
  return Object.freeze({ key, name, load, on });
}

const MAX_QUEUED = 10_000;

/** Hears one shared value. */
export interface SharedViewer {
  changed(): void;
  kicked(userId: string): void;
}

/** The shared values of a node: one per room and definition, as long as somebody here looks at it. */
export class SharedRooms {
  readonly #values = new Map<string, SharedValue>();
  readonly #loading = new Map<string, Promise<unknown>>();
  readonly #bodies = new Map<string, SharedBody>();

  constructor(private readonly node: PresenceNode) {}

  /** How many values are held. */
  get size(): number {
    return this.#values.size;
  }

  /** Subscribed and loaded when this resolves; the viewer hears it until `leave`. */
  async enter(body: SharedBody, tenant: string, key: string, viewer: SharedViewer): Promise<SharedValue> {
    const id = this.#idOf(body, tenant, key);
    let shared = this.#values.get(id);
    if (!shared) this.#values.set(id, (shared = new SharedValue(this.node, id, body, tenant, key)));
    shared.join(viewer);
    try {
      await shared.ready();
      return shared;
    } catch (error) {
      this.leave(shared, viewer);
      throw error;
    }
  }

  /** Idempotent. */
  leave(shared: SharedValue, viewer: SharedViewer): void {
    shared.leave(viewer);
    if (shared.isWatched || this.#values.get(shared.id) !== shared) return;
    this.#values.delete(shared.id);
    shared.stop();
  }

  /** The value for one look: what is held here, else loaded for all who look just now. */
  async glance(body: SharedBody, tenant: string, key: string): Promise<unknown> {
    const id = this.#idOf(body, tenant, key);
    const held = this.#values.get(id);
    if (held?.isReady) return held.value;
    let loading = this.#loading.get(id);
    if (!loading) {
      loading = loadOf(body, tenant, key).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return loading;
  }

  #idOf(body: SharedBody, tenant: string, key: string): string {
    const known = this.#bodies.get(body.name) ?? body;
    if (known !== body) {
      throw new ConviveError(
        "OPTION_INVALID",
        `Two shared values are called ${JSON.stringify(body.name)}; define each once, outside of views, and give it a \`name\` of its own.`,
      );
    }
    this.#bodies.set(body.name, body);
    return `${this.node.nameOf(tenant, key)} ${body.name}`;
  }
}

/** One shared value of one room on this node. Subscribed before it is loaded, so that nothing falls between. */
export class SharedValue {
  readonly #viewers: Listeners<SharedViewer>;
  #hold: RoomHold | null = null;
  #unwatch: (() => void) | null = null;
  #ready: Promise<void> | null = null;
  #value: unknown = undefined;
  #isReady = false;
  #isStopped = false;
  #isLoading = false;
  #mustLoadAgain = false;
  #queue: SharedMessage[] = [];

  constructor(
    private readonly node: PresenceNode,
    /** of the room and the definition */
    readonly id: string,
    private readonly body: SharedBody,
    private readonly tenant: string,
    private readonly key: string,
  ) {
    this.#viewers = new Listeners(node.logger, "a viewer of a shared value");
  }

  get isReady(): boolean {
    return this.#isReady;
  }
  get value(): unknown {
    return this.#value;
  }
  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  /** Who joins again is there once. */
  join(viewer: SharedViewer): void {
    this.#viewers.enter(viewer);
  }

  leave(viewer: SharedViewer): void {
    this.#viewers.leave(viewer);
  }

  /** Rejects when it cannot be loaded; the next one who asks tries again. */
  ready(): Promise<void> {
    this.#ready ??= this.#open().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  send(event: string | null, payload: unknown): void {
    void this.#hold?.room.send({ kind: "shared", name: this.body.name, event, payload });
  }

  stop(): void {
    this.#isStopped = true;
    this.#unwatch?.();
    this.#hold?.release();
    this.#hold = null;
  }

  async #open(): Promise<void> {
    const hold = this.#hold ?? (await this.node.host(this.tenant, this.key));
    if (this.#isStopped) return hold.release();
    this.#hold = hold;
    this.#unwatch ??= hold.room.watch({
      message: (message) => this.#heard(message),
      missed: () => void this.#reload(),
      kicked: (userId) => this.#viewers.tell((viewer) => viewer.kicked(userId)),
    });
    this.#mustLoadAgain = false;
    await this.#load();
    if (this.#mustLoadAgain) void this.#reload();
  }

  #heard(message: RoomMessage): void {
    if (message.kind !== "shared" || message.name !== this.body.name) return;
    if (message.event === null) void this.#reload();
    else if (this.#isLoading) this.#keep(message);
    else if (this.#isReady) this.#apply([message]);
  }

  /** Of a load that takes so long that too much comes meanwhile, nothing need be kept: it is followed by another. */
  #keep(message: SharedMessage): void {
    if (this.#queue.length < MAX_QUEUED) this.#queue.push(message);
    else this.#mustLoadAgain = true;
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    this.#queue = [];
    try {
      const loaded = freeze(await loadOf(this.body, this.tenant, this.key));
      this.#isLoading = false;
      this.#isReady = true;
      this.#set(loaded);
      this.#apply(this.#queue.splice(0));
    } finally {
      this.#isLoading = false;
    }
  }

  /** Keeps the old value until the new one is there; one that cannot be loaded now is tried again. What is loading now may be old already. */
  async #reload(): Promise<void> {
    if (this.#isStopped) return;
    this.#mustLoadAgain = true;
    if (this.#isLoading || !this.#isReady) return;
    while (this.#mustLoadAgain && !this.#isStopped) {
      this.#mustLoadAgain = false;
      try {
        await this.#load();
      } catch (error) {
        this.node.logger.error({ key: this.key, error: messageOf(error) }, "a shared value could not be loaded anew");
        this.node.clock.after(this.node.limits.auditMs, () => void this.#reload());
        return;
      }
    }
  }

  #apply(messages: readonly SharedMessage[]): void {
    let value = this.#value;
    for (const message of messages) {
      try {
        value = this.#reduced(value, message);
      } catch (error) {
        const { event } = message;
        this.node.logger.error({ key: this.key, event, error: messageOf(error) }, "a reducer failed; loading anew");
        return void this.#reload();
      }
    }
    this.#set(value);
  }

  #reduced(value: unknown, { event, payload }: SharedMessage): unknown {
    if (!Object.hasOwn(this.body.on, event!)) throw new Error("There is no reducer of that name on this node.");
    return freeze(this.body.on[event!]!(value as never, payload as never));
  }

  #set(value: unknown): void {
    if (value === this.#value) return;
    this.#value = value;
    this.#viewers.tell((viewer) => viewer.changed());
  }
}

async function loadOf(body: SharedBody, tenant: string, key: string): Promise<unknown> {
  return freeze(await body.load(matchPresenceKey(body.key, key) as never, { tenant }));
}
