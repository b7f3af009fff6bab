import { ConviveError } from "../errors.js";
import { appTopic } from "./lasting.js";
import type { Channel } from "./channel.js";
import type { Pages } from "./pages.js";
import type { SessionServices } from "./services.js";

/** Whose pages an event goes to: of a person or of a room, both without a tenant unless one is named, or all pages of all tenants. */
export type PushTarget =
  { readonly user: string; readonly tenant?: string } | { readonly key: string; readonly tenant?: string } | "everyone";

interface PushOrder {
  readonly to: { readonly user: string; readonly tenant?: string } | "everyone";
  readonly event: string;
  readonly payload: unknown;
}

const PUSH_TOPIC = "convive:push";
/** What comes from outside of any view: messages of topics, and events for pages, on every node. */
export class Delivery {
  readonly #unsubscribe: () => void;

  constructor(
    private readonly services: SessionServices,
    private readonly pages: Pages<Channel>,
  ) {
    this.#unsubscribe = services.topics.subscribe(PUSH_TOPIC, (order) => this.#deliver(order as PushOrder));
  }

  async publish(topic: string, message: unknown): Promise<void> {
    await this.services.topics.publish(appTopic(topic), jsonOf(message));
  }

  async push(to: PushTarget, event: string, payload: unknown): Promise<void> {
    if (to !== "everyone" && "key" in to) return this.#tellRoom(to.key, to.tenant ?? "", event, jsonOf(payload));
    const order: PushOrder = { to, event, payload: jsonOf(payload) };
    await this.services.topics.publish(PUSH_TOPIC, order);
  }

  close(): void {
    this.#unsubscribe();
  }

  #tellRoom(key: string, tenant: string, event: string, payload: unknown): Promise<void> {
    return this.services.node.rooms.publish(tenant, key, { kind: "event", event, payload, from: null });
  }

  #deliver({ to, event, payload }: PushOrder): void {
    const pages = to === "everyone" ? this.pages.all() : this.pages.of(to.user, to.tenant ?? "");
    for (const page of pages) page.push(event, payload);
  }
}

/** The same on one node as on many: what is not JSON is refused at the sender. */
function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value ?? null)) as unknown;
  } catch (cause) {
    throw new ConviveError("EVENT_INVALID", "What is published or pushed must be plain JSON.", { cause });
  }
}
