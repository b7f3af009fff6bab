import type { Timer } from "../clock.js";
import type { PresenceNode, RoomHold } from "./node.js";
import type { Presence } from "./presence.js";
import type { Room } from "./room.js";
import type { RoomMessage } from "./room-message.js";

export interface SignsOptions {
  /** parts the kinds of signs of one room */
  readonly name: string;
  /** A sign that is not given again ends after this; null: with its connection. */
  readonly lifetimeMs: number | null;
}

interface Sign<T> {
  readonly value: T;
  /** own time */
  readonly until: number;
}

/**
 * What connections of a room show for a while, such as that they type, or where their caret stands: heard by every node, stored nowhere.
 * Nothing is heard unless somebody here looks.
 */
export class RoomSigns<T> {
  readonly #signs = new Map<string, Sign<T>>();
  readonly #viewers = new Set<() => void>();
  #hold: RoomHold | null = null;
  #unwatch: () => void = () => {};
  #timer: Timer | null = null;

  constructor(
    private readonly room: Room,
    private readonly node: PresenceNode,
    private readonly options: SignsOptions,
  ) {}

  /** Those whose connection is in the room; one sign per connection. */
  *shown(): Generator<{ readonly connectionId: string; readonly person: Presence; readonly value: T }> {
    for (const [connectionId, { value }] of this.#signs) {
      const connection = this.room.connections.get(connectionId);
      const person = connection && !connection.isLingering ? this.room.find(connection.userId) : undefined;
      if (person) yield { connectionId, person, value };
    }
  }

  /** Calls back when a sign, or who shows it, changed, until its undo is called. */
  watch(viewer: () => void): () => void {
    if (this.#viewers.size === 0) this.#begin();
    this.#viewers.add(viewer);
    return () => {
      if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#stop();
    };
  }

  /** Null ends it. */
  show(connectionId: string, value: T | null): void {
    void this.room.send({ kind: "sign", name: this.options.name, connectionId, value });
  }

  #begin(): void {
    this.#hold = this.node.retain(this.room);
    this.#unwatch = this.room.watch({
      changed: () => this.#listChanged(),
      message: (message, sender) => this.#heard(message, sender),
      missed: () => this.#missed(),
    });
    this.#ask();
  }

  /** What is given once and stays must be asked for by who comes later. */
  #ask(): void {
    if (this.options.lifetimeMs === null) void this.room.send({ kind: "sign", name: this.options.name, asks: true });
  }

  /** The end of a sign that stays may have been lost: what others show ends unless they give it again. */
  #missed(): void {
    if (this.options.lifetimeMs !== null) return;
    const until = this.node.clock.now() + this.node.limits.redisCommandMs;
    for (const [connectionId, sign] of this.#signs) {
      if (!this.room.carries(connectionId))
        this.#signs.set(connectionId, { ...sign, until: Math.min(until, sign.until) });
    }
    this.#expireLater();
    this.#ask();
  }

  #heard(message: RoomMessage, sender: string): void {
    if (message.kind !== "sign" || message.name !== this.options.name) return;
    if ("asks" in message) {
      if (!this.room.isFromHere(sender)) this.#tellAgain();
      return;
    }
    const { connectionId, value } = message;
    const known = this.#signs.get(connectionId)?.value ?? null;
    const { lifetimeMs } = this.options;
    const until = lifetimeMs === null ? Infinity : this.node.clock.now() + lifetimeMs;
    if (value === null) this.#signs.delete(connectionId);
    else this.#signs.set(connectionId, { value: value as T, until });
    this.#expireLater();
    if (JSON.stringify(known) !== JSON.stringify(value)) this.#changed();
  }

  #tellAgain(): void {
    for (const [connectionId, { value }] of this.#signs) {
      if (this.room.carries(connectionId)) this.show(connectionId, value);
    }
  }

  #listChanged(): void {
    if (this.#signs.size === 0) return;
    for (const connectionId of this.#signs.keys()) {
      if (!this.room.connections.has(connectionId)) this.#signs.delete(connectionId);
    }
    this.#changed();
  }

  /** The end of a sign may have been lost. */
  #expireLater(): void {
    const { clock } = this.node;
    const next = Math.min(...[...this.#signs.values()].map(({ until }) => until));
    if (!Number.isFinite(next)) return;
    this.#timer ??= clock.after(Math.max(0, next - clock.now()), () => {
      this.#timer = null;
      const late = [...this.#signs].filter(([, { until }]) => until <= clock.now());
      for (const [connectionId] of late) this.#signs.delete(connectionId);
      if (late.length > 0) this.#changed();
      this.#expireLater();
    });
  }

  #changed(): void {
    for (const viewer of this.#viewers) viewer();
  }

  #stop(): void {
    this.#unwatch();
    this.#timer?.clear();
    this.#timer = null;
    this.#signs.clear();
    this.#hold?.release();
    this.#hold = null;
  }
}
