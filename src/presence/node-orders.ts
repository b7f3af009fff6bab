import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import { NODES_ROOM, type KickOrder, type PresenceBackend } from "./backend.js";
import { giveOrder } from "./kicking.js";
import { Listeners } from "./listeners.js";
import type { Room } from "./room.js";

/** Somebody is to leave a room, or everything when `key` is null: who holds sockets closes theirs. */
export interface Disconnect {
  readonly userId: string;
  readonly tenant: string;
  readonly key: string | null;
}

/** What orders ask of their node. */
export interface OrderedNode {
  readonly backend: PresenceBackend;
  readonly logger: Logger;
  readonly rooms: readonly Room[];
  newId(): string;
}

const MAX_ORDERS_KNOWN = 1_000;

/**
 * Orders to disconnect somebody. Each comes at once, by the room of the nodes, and with the next tick in case the first was lost; it is obeyed
 * once. Who is on the way into a room while one comes is in no list yet, so it asks here.
 */
export class NodeOrders {
  readonly #listeners: Listeners<(order: Disconnect) => unknown>;
  readonly #obeyed = new Map<string, { readonly number: number; readonly order: Disconnect }>();
  #last = 0;
  #unsubscribe: (() => void) | null = null;
  #isListening = false;
  #isStopped = false;

  constructor(private readonly node: OrderedNode) {
    this.#listeners = new Listeners(node.logger, "a listener of disconnects");
  }

  /** Number of the last order. */
  get last(): number {
    return this.#last;
  }

  /** The widest order after this number that tells somebody to leave a room. */
  since(number: number, { tenant, userId, key }: Disconnect): "everywhere" | "here" | null {
    if (number === this.#last) return null;
    const meant = [...this.#obeyed.values()].filter(
      (each) => each.number > number && each.order.tenant === tenant && each.order.userId === userId,
    );
    if (meant.some(({ order }) => order.key === null)) return "everywhere";
    return meant.some(({ order }) => order.key === key) ? "here" : null;
  }

  onDisconnect(listener: (order: Disconnect) => unknown): () => void {
    return this.#listeners.add(listener);
  }

  /** Here at once, and to every other node. */
  async give({ userId, tenant, key }: Disconnect): Promise<void> {
    const order: KickOrder = { id: this.node.newId(), userId, tenant, key };
    this.obey(order);
    await giveOrder(this.node.backend, order);
  }

  obey({ id, userId, tenant, key }: KickOrder): void {
    if (this.#obeyed.has(id)) return;
    this.#last += 1;
    this.#obeyed.set(id, { number: this.#last, order: { userId, tenant, key } });
    const [oldest] = this.#obeyed.keys();
    if (this.#obeyed.size > MAX_ORDERS_KNOWN) this.#obeyed.delete(oldest!);
    const rooms = this.node.rooms.filter((room) => room.tenant === tenant && (key === null || room.key === key));
    for (const room of rooms) room.kick(userId);
    this.#listeners.tell((listener) => listener({ userId, tenant, key }));
  }

  /** Asked for again and again, until it holds. */
  async listen(): Promise<void> {
    if (this.#unsubscribe || this.#isListening || this.#isStopped) return;
    this.#isListening = true;
    try {
      const unsubscribe = await this.node.backend.subscribe(NODES_ROOM, {
        changed: () => {},
        published: (text) => this.obey(JSON.parse(text) as KickOrder),
      });
      if (this.#isStopped) unsubscribe();
      else this.#unsubscribe = unsubscribe;
    } catch (error) {
      this.node.logger.warn({ error: messageOf(error) }, "other nodes cannot be heard");
    }
    this.#isListening = false;
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }
}
