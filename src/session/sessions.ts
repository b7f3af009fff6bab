import type { Clock } from "../clock.js";
import { CursorRooms } from "../cursor/rooms.js";
import { trackerOf, type CursorTracker } from "../cursor/tracker.js";
import type { ErrorCode } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits, ConviveOptions } from "../options.js";
import { managerOf } from "../presence/manager.js";
import { PresenceNode, type Disconnect } from "../presence/node.js";
import { SharedRooms } from "../presence/shared.js";
import { ROOM_TOPIC, VIEW_TOPIC } from "../protocol.js";
import type { Store } from "../store.js";
import type { Templates } from "../render/template.js";
import { Tokens } from "../token.js";
import type { Channel } from "./channel.js";
import { Pages } from "./pages.js";
import { ViewRegistry } from "./registry.js";
import { RoomTopics } from "./room-channel.js";
import type { SessionServices } from "./services.js";
import { ShowQueue } from "./show-queue.js";
import type { JoinResult, TopicLink } from "./topic.js";
import { ViewTopics } from "./view-topic.js";

export interface SessionsOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly store: Store;
  readonly templates: Templates;
  readonly helpers: Readonly<Record<string, unknown>>;
  readonly errorTemplate: string;
  readonly isProduction: boolean;
  readonly secrets: readonly string[];
  readonly authorizePresence: ConviveOptions["authorizePresence"];
}

/** Everything between a socket and the views: what a node is, without HTTP. */
export class Sessions {
  readonly services: SessionServices;
  readonly pages = new Pages<Channel>();
  readonly cursors: CursorTracker;
  readonly #store: Store;
  readonly #presenceNode: PresenceNode;
  readonly #views: ViewTopics;
  readonly #rooms: RoomTopics;

  constructor(options: SessionsOptions) {
    const { clock, limits, logger, store, authorizePresence, secrets, isProduction, ...rest } = options;
    const rooms = new PresenceNode({ backend: store.presence, clock, limits, logger, authorizePresence });
    const cursors = new CursorRooms(rooms, store.cursors);
    this.#store = store;
    this.#presenceNode = rooms;
    this.cursors = trackerOf(cursors);
    this.services = {
      ...rest,
      clock,
      limits,
      logger,
      isDevelopment: !isProduction,
      views: new ViewRegistry(),
      tokens: new Tokens(secrets, () => clock.wallTime()),
      topics: store.topics,
      shows: new ShowQueue(logger),
      node: { presence: managerOf(rooms), rooms, cursors, shared: new SharedRooms(rooms) },
    };
    this.#views = new ViewTopics(this.services, this.pages);
    this.#rooms = new RoomTopics(this.services, this.#presenceNode);
    // In development a saved template shows in the open pages, which keep their state.
    options.templates.onChange(() => {
      for (const page of this.pages.all()) page.changed();
    });
  }

  /** Why other nodes cannot be reached now, or null. */
  get trouble(): ErrorCode | null {
    return this.#presenceNode.trouble;
  }

  /** Takes this node's place among the others, also when the store is away: it is found when it comes. Rejects with why it could not be used. */
  async open(): Promise<void> {
    try {
      await this.#store.opened;
    } finally {
      await this.#presenceNode.start();
    }
  }

  /** Ends the pages of whoever is told to leave everything, then tells who holds their sockets. */
  onDisconnect(closeSockets: (order: Disconnect) => void): void {
    this.#presenceNode.onDisconnect((order) => {
      if (order.key !== null) return;
      for (const page of this.pages.of(order.userId, order.tenant)) page.end("removed");
      closeSockets(order);
    });
  }

  async join(link: TopicLink, payload: unknown): Promise<JoinResult> {
    if (link.topic.startsWith(VIEW_TOPIC)) return this.#views.join(link, payload);
    if (link.topic.startsWith(ROOM_TOPIC)) return this.#rooms.join(link, payload);
    return { refusal: { reason: "unmatched topic" } };
  }

  /** Ends every page, then this node's part in all rooms. Pages go on at another node, so nobody is told that they left. */
  async close(): Promise<void> {
    this.services.node.rooms.retire();
    const pages = this.pages.all();
    for (const page of pages) page.end("closed");
    await Promise.all(pages.map((page) => page.settled()));
    await this.services.node.cursors.close();
    await this.services.node.presence.close();
    await this.services.topics.close();
  }
}
