import type { Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import type { Limits, ConviveOptions } from "../options.js";
import { managerOf } from "../presence/manager.js";
import { MemoryBackend, MemoryStore } from "../presence/memory.js";
import { PresenceNode } from "../presence/node.js";
import { ROOM_TOPIC, VIEW_TOPIC } from "../protocol.js";
import { MemoryPubSub } from "../pubsub/memory.js";
import type { Templates } from "../render/template.js";
import { Tokens } from "../token.js";
import type { Channel } from "./channel.js";
import { Pages } from "./pages.js";
import { ViewRegistry } from "./registry.js";
import { RoomTopics } from "./room-channel.js";
import type { SessionServices } from "./services.js";
import type { JoinResult, TopicLink } from "./topic.js";
import { ViewTopics } from "./view-topic.js";

export interface SessionsOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
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
  readonly #presenceNode: PresenceNode;
  readonly #views: ViewTopics;
  readonly #rooms: RoomTopics;

  constructor(options: SessionsOptions) {
    const { clock, limits, logger, authorizePresence, secrets, isProduction, ...rest } = options;
    this.#presenceNode = new PresenceNode({
      backend: new MemoryBackend(new MemoryStore(clock, logger)),
      clock,
      limits,
      logger,
      authorizePresence,
    });
    this.services = {
      ...rest,
      clock,
      limits,
      logger,
      isDevelopment: !isProduction,
      views: new ViewRegistry(),
      tokens: new Tokens(secrets, () => clock.wallTime()),
      topics: new MemoryPubSub(logger),
      node: { presence: managerOf(this.#presenceNode) },
    };
    this.#views = new ViewTopics(this.services, this.pages);
    this.#rooms = new RoomTopics(this.services, this.#presenceNode);
    // In development a saved template shows in the open pages, which keep their state.
    options.templates.onChange(() => {
      for (const page of this.pages.all()) page.changed();
    });
  }

  get isDegraded(): boolean {
    return this.#presenceNode.isDegraded;
  }

  async join(link: TopicLink, payload: unknown): Promise<JoinResult> {
    if (link.topic.startsWith(VIEW_TOPIC)) return this.#views.join(link, payload);
    if (link.topic.startsWith(ROOM_TOPIC)) return this.#rooms.join(link, payload);
    return { refusal: { reason: "unmatched topic" } };
  }

  /** Ends every page, then this node's part in all rooms. */
  async close(): Promise<void> {
    const pages = this.pages.all();
    for (const page of pages) page.end("closed");
    await Promise.all(pages.map((page) => page.settled()));
    await this.#presenceNode.close();
    await this.services.topics.close();
  }
}
