import { ControlFlow } from "../control-flow.js";
import { ConviveError, messageOf } from "../errors.js";
import {
  CURSOR,
  ERROR,
  EVENT,
  PROTOCOL_VERSION,
  REDIRECT,
  STATUS,
  URL_CHANGED,
  VIEW_TOPIC,
  encodeFrame,
  type EventReply,
  type JoinPayload,
  type JoinRefusal,
  type JoinReply,
} from "../protocol.js";
import { randomId } from "../token.js";
import { Channel, type ChannelOwner } from "./channel.js";
import { PageGone, PageMoved } from "./page-gone.js";
import { errorFacts, errorHtml } from "./error-page.js";
import { readEventPayload } from "./event-call.js";
import type { Identity } from "./identity.js";
import type { Pages } from "./pages.js";
import { placeOf } from "./connected-host.js";
import { placeAt, urlOfPath } from "./route.js";
import {
  MOUNT_PURPOSE,
  RESUME_PURPOSE,
  type MountTicket,
  type ResumeTicket,
  type SessionServices,
} from "./services.js";
import type { JoinResult, Parting, Reply, Topic, TopicLink } from "./topic.js";

const OK: Reply = { status: "ok", response: {} };
/** Node takes no longer one over HTTP. */
const MAX_URL_LENGTH = 16_384;
const MAX_TOPIC_LOGGED = 200;
/** What a developer reads when a page is told that it is stale. */
const TOKEN_PROBLEMS = {
  expired: new ConviveError("TOKEN_EXPIRED", "A page is older than limits.tokenAgeMs; it loads anew."),
  invalid: new ConviveError(
    "TOKEN_INVALID",
    "A page brought a token that was not signed here for it; it loads anew. All processes need the same `secret`.",
  ),
  other: new ConviveError("TOKEN_INVALID", "A page was loaded by somebody else than connects now; it loads anew."),
};
const STATUSES: ReadonlySet<unknown> = new Set(["active", "idle", "away"]);

/** Topics `lv:<id>`: pages that join, come back, send events and go. */
export class ViewTopics implements ChannelOwner {
  readonly #topics = new Map<Channel, ViewTopic>();

  constructor(
    private readonly services: SessionServices,
    readonly pages: Pages<Channel>,
  ) {}

  async join(link: TopicLink, payload: unknown): Promise<JoinResult> {
    const request = readJoinPayload(payload);
    if (!request || request.v !== PROTOCOL_VERSION) return refuse({ reason: "stale" });
    const ticket = this.#ticketOf(link, request);
    const url = ticket && pageUrl(request.url, link.identity.origin);
    if (!ticket || !url || !this.#isAt(ticket, url)) return refuse({ reason: "stale" });
    const parked = this.#resumable(request, link.identity, ticket);
    try {
      const channel = parked ?? this.#channelFor(link.identity, ticket, url);
      return await this.#open(channel, link, (socket) => {
        return parked ? channel.resume(socket, link.joinRef, url) : channel.join(socket, link.joinRef);
      });
    } catch (error) {
      return refuse(this.#refusalOf(error, ticket));
    }
  }

  ended(channel: Channel): void {
    this.pages.remove(channel);
    const topic = this.#topics.get(channel);
    this.#topics.delete(channel);
    topic?.ended();
  }

  redirected(channel: Channel, to: string): void {
    this.#topics.get(channel)?.redirect(to);
  }

  async #open(channel: Channel, link: TopicLink, join: (link: TopicLink) => Promise<JoinReply>): Promise<JoinResult> {
    // A page that comes back leaves its old socket, which may not know yet that it is dead.
    this.#topics.get(channel)?.moved();
    const topic = new ViewTopic(channel, link, this.services);
    this.pages.add(channel);
    this.#topics.set(channel, topic);
    // One that was parked has its grace; one that was never shown to anybody ends.
    if (channel.state === "mounting") link.whenAbandoned(() => channel.end("closed"));
    const response = await join(link);
    if (this.#topics.get(channel) === topic) return { topic, response };
    throw channel.state === "ended" ? new PageGone() : new PageMoved();
  }

  /** False when the page's URL is one of its route that it was not loaded for, nor can move to. */
  #isAt(ticket: MountTicket, url: URL): boolean {
    const View = this.services.views.find(ticket.view)!;
    return placeAt(ticket, url) === null || placeOf(View, ticket, url) !== null;
  }

  #ticketOf(link: TopicLink, request: JoinPayload): MountTicket | null {
    const result = this.services.tokens.verify<MountTicket>(MOUNT_PURPOSE, request.token);
    const problem = result.ok ? this.#problemOf(result.data, link) : TOKEN_PROBLEMS[result.reason];
    if (result.ok && !problem) return result.data;
    this.services.logger.warn({ topic: link.topic.slice(0, MAX_TOPIC_LOGGED) }, problem!.message);
    return null;
  }

  #problemOf(ticket: MountTicket, { topic, identity }: TopicLink): ConviveError | null {
    if (VIEW_TOPIC + ticket.id !== topic) return TOKEN_PROBLEMS.invalid;
    if (ticket.userId !== identity.userId) return TOKEN_PROBLEMS.other;
    if (this.services.views.find(ticket.view)) return null;
    return new ConviveError(
      "VIEW_UNKNOWN",
      `No view is named "${ticket.view}": give it to live.view() before pages connect.`,
    );
  }

  #resumable(request: JoinPayload, identity: Identity, ticket: MountTicket): Channel | null {
    if (request.resume === undefined) return null;
    const result = this.services.tokens.verify<ResumeTicket>(RESUME_PURPOSE, request.resume);
    if (!result.ok || result.data.userId !== identity.userId) return null;
    const channel = this.pages.find(result.data.connectionId);
    const isSame = channel && channel.turn === result.data.turn && channel.ticket.view === ticket.view;
    const isHis = isSame && channel.ticket.id === ticket.id && channel.tenant === identity.tenant;
    return isHis && channel.state !== "mounting" ? channel : null;
  }

  #channelFor(identity: Identity, ticket: MountTicket, url: URL): Channel {
    const View = this.services.views.find(ticket.view)!;
    const params = placeOf(View, ticket, url) ?? ticket.params;
    const place = { View, viewName: ticket.view, params, url };
    return new Channel(this.services, identity, place, ticket, randomId(), this);
  }

  #refusalOf(error: unknown, ticket: MountTicket): JoinRefusal {
    if (error instanceof ControlFlow) {
      const { outcome } = error;
      return outcome.kind === "redirect" ? { reason: "redirect", to: outcome.to } : { reason: outcome.kind };
    }
    if (error instanceof PageMoved) return { reason: "stale" };
    if (error instanceof PageGone) return { reason: "failed", code: "SERVER_CLOSED" };
    const code = error instanceof ConviveError ? error.code : "MOUNT_FAILED";
    this.services.logger.error(
      { view: ticket.view, code, error: messageOf(error), stack: (error as Error)?.stack },
      "a view could not be mounted",
    );
    const facts = errorFacts(error, this.services.isDevelopment);
    return { reason: "failed", code, html: errorHtml(this.services, facts) };
  }
}

/** One page on one socket. */
class ViewTopic implements Topic {
  #hasParted = false;

  constructor(
    private readonly channel: Channel,
    private readonly link: TopicLink,
    private readonly services: SessionServices,
  ) {}

  opened(): void {
    if (!this.#hasParted) this.channel.opened();
  }

  receive(event: string, payload: unknown): Reply | Promise<Reply> {
    if (event === CURSOR) return this.#cursor(payload);
    if (event === STATUS) return this.#status(payload);
    if (this.channel.isBusy) return { status: "error", response: { reason: "RATE_LIMITED" } };
    if (event === EVENT) return this.#event(payload);
    if (event === URL_CHANGED) return this.#urlChanged(payload);
    return { status: "error", response: { reason: "unknown event" } };
  }

  parted({ kind }: Parting): void {
    if (this.#hasParted) return;
    this.#hasParted = true;
    if (kind === "left") this.channel.end("left");
    else this.channel.park(kind === "broken" ? this.services.limits.graceBrokenMs : this.services.limits.graceUnloadMs);
  }

  /** The page is taken up on another socket; this one is told to stop. */
  moved(): void {
    if (this.#hasParted) return;
    this.#hasParted = true;
    this.link.end("phx_close");
  }

  /** The view ended by itself: the page, if it is there, joins anew. */
  ended(): void {
    if (this.#hasParted) return;
    this.#hasParted = true;
    this.link.end(ERROR);
  }

  redirect(to: string): void {
    this.link.write(encodeFrame([this.link.joinRef, null, this.link.topic, REDIRECT, { to }]));
  }

  #cursor(payload: unknown): Reply {
    if (!Array.isArray(payload)) return null;
    if (payload.length === 0) this.channel.cursor(null);
    const [x, y] = payload as unknown[];
    if (Number.isFinite(x) && Number.isFinite(y)) this.channel.cursor({ x: x as number, y: y as number });
    return null;
  }

  #status(payload: unknown): Reply {
    if (STATUSES.has(payload)) this.channel.status(payload as "active" | "idle" | "away");
    return null;
  }

  async #event(payload: unknown): Promise<Reply> {
    const request = readEventPayload(payload);
    if (!request)
      return this.#refusal(new ConviveError("EVENT_INVALID", "An event is { name, value }.", { status: 400 }));
    try {
      const reply = await this.channel.event(request);
      const response: EventReply = reply === undefined ? {} : { reply };
      return { status: "ok", response };
    } catch (error) {
      return this.#failure(error);
    }
  }

  async #urlChanged(payload: unknown): Promise<Reply> {
    const url = pageUrl((payload as { url?: unknown } | null)?.url, this.link.identity.origin);
    if (!url) return { status: "error", response: { reason: "FRAME_INVALID" } };
    try {
      const isOurs = await this.channel.urlChanged(url);
      return isOurs ? OK : { status: "error", response: { reason: "another page" } };
    } catch (error) {
      return this.#failure(error);
    }
  }

  #failure(error: unknown): Reply {
    if (error instanceof ControlFlow) {
      const { outcome } = error;
      if (outcome.kind !== "redirect") return { status: "error", response: { reason: outcome.kind } };
      this.redirect(outcome.to);
      return OK;
    }
    const facts = { view: this.channel.viewName, connection: this.channel.connectionId, error: messageOf(error) };
    if (error instanceof ConviveError && error.status < 500) {
      this.services.logger.warn(facts, "an event was refused");
      return this.#refusal(error);
    }
    this.services.logger.error({ ...facts, stack: (error as Error)?.stack }, "an event handler failed");
    return this.#refusal(new ConviveError("EVENT_FAILED", messageOf(error), { cause: error }));
  }

  #refusal(error: ConviveError): Reply {
    const isTold = this.services.isDevelopment || error.code === "EVENT_INVALID";
    return { status: "error", response: { reason: error.code, ...(isTold ? { message: error.message } : {}) } };
  }
}

function readJoinPayload(payload: unknown): JoinPayload | null {
  if (typeof payload !== "object" || payload === null) return null;
  const { v, token, url, resume } = payload as Record<string, unknown>;
  if (typeof v !== "number" || typeof token !== "string" || typeof url !== "string") return null;
  return { v, token, url, resume: typeof resume === "string" ? resume : undefined };
}

/** The client tells where it is: path, query and hash; the origin is ours. */
function pageUrl(text: unknown, origin: string): URL | null {
  return typeof text === "string" && text.length <= MAX_URL_LENGTH ? urlOfPath(text, origin) : null;
}

function refuse(refusal: JoinRefusal): JoinResult {
  return { refusal };
}
