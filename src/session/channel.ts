import type { Timer } from "../clock.js";
import { ControlFlow } from "../control-flow.js";
import type { LiveView } from "../live-view.js";
import { PATCH_URL, VIEW_TOPIC, type EventPayload, type JoinReply } from "../protocol.js";
import type { EndReason, SharedFrame } from "../view-host.js";
import { callEvent } from "./event-call.js";
import { ConnectedHost } from "./connected-host.js";
import { PageGone } from "./page-gone.js";
import { joinReply } from "./join-reply.js";
import { Mailbox, type MailboxOwner } from "./mailbox.js";
import { createView, mountView, renderView, runGuards, type Mounted } from "./mounting.js";
import type { Showing } from "./show-queue.js";
import { Outbox, type ChannelSocket } from "./outbox.js";
import type { Place } from "./page-host.js";
import type { Identity } from "./identity.js";
import type { MountedPage } from "./pages.js";
import type { MountTicket, SessionServices } from "./services.js";

/** Longest that the end of a view waits for a handler that is still running. */
const END_WAIT_MS = 10_000;

type ChannelState = "mounting" | "joined" | "parked" | "ended";

/** What a channel tells its maker. */
export interface ChannelOwner {
  /** The view is over: its page, if it is still there, must join anew or leave. */
  ended(channel: Channel, reason: EndReason): void;
  /** A handler asked for another page. */
  redirected(channel: Channel, to: string): void;
}

/**
 * One mounted view: mailbox, lifecycle, render → diff → push. Its socket may go and come back (parked, resumed);
 * the view lives until it leaves or its grace is over.
 */
export class Channel extends ConnectedHost implements MailboxOwner, MountedPage, Showing {
  readonly topic: string;
  readonly #mailbox: Mailbox;
  readonly #outbox: Outbox;
  #state: ChannelState = "mounting";
  #view: LiveView<any> | null = null;
  #isDirty = false;
  #graceTimer: Timer | null = null;
  #turn = 0;

  constructor(
    services: SessionServices,
    identity: Identity,
    place: Place,
    ticket: MountTicket,
    connectionId: string,
    private readonly owner: ChannelOwner,
  ) {
    super(services, identity, place, ticket, connectionId);
    this.topic = VIEW_TOPIC + ticket.id;
    this.#mailbox = new Mailbox(this, services.clock, services.limits);
    this.#outbox = new Outbox(this.topic);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Which join of this connection the page had last; each resume token is good for one. */
  get turn(): number {
    return this.#turn;
  }

  /** The view, once it is made; for tests. */
  get view(): LiveView<any> | null {
    return this.#view;
  }

  get isBusy(): boolean {
    return this.#mailbox.isFull;
  }

  /** Mounts the view for a page that joins. @throws ControlFlow, or what guards, `mount` or the first render throw; the channel has ended then */
  join(socket: ChannelSocket, joinRef: string | null): Promise<JoinReply> {
    return this.#first(async () => {
      this.#view = await createView(this.View, this);
      await mountView(this.#mounted);
      return this.#open(socket, joinRef);
    });
  }

  /** Takes the view up again on another socket: guards, traits, a full render, no `mount`. @throws as `join` */
  resume(
    socket: ChannelSocket & { readonly identity: Identity },
    joinRef: string | null,
    url: URL,
  ): Promise<JoinReply> {
    this.#outbox.close();
    this.#graceTimer?.clear();
    return this.#first(async () => {
      const { View, view, traits } = this.#mounted;
      this.identity = socket.identity;
      const hasMoved = url.href !== this.url.href && this.moveTo(url);
      await runGuards(View, view);
      for (const trait of traits) await trait.resumed?.();
      if (hasMoved) await view.handleParams();
      return this.#open(socket, joinRef);
    });
  }

  /** The page has the answer to its join: from here on it hears. */
  opened(): void {
    this.#outbox.answered();
    this.services.shows.add(this);
  }

  /** The socket is gone. The page may come back within the grace. */
  park(graceMs: number): void {
    if (this.#state === "parked" || this.#state === "ended") return;
    this.#outbox.close();
    if (this.#state === "mounting") return this.end("closed");
    this.#state = "parked";
    this.tellTraits((trait) => trait.parked?.(graceMs));
    const reason = graceMs === this.limits.graceUnloadMs ? "closed" : "timeout";
    this.#graceTimer = this.clock.after(graceMs, () => this.end(reason));
  }

  /** Ends the view: nothing more reaches it, then `unmount` and the ends of its traits run, once. */
  end(reason: EndReason, waitMs = END_WAIT_MS): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#outbox.close();
    this.#graceTimer?.clear();
    this.lasting.end();
    this.#mailbox.finish(() => this.#finish(reason), waitMs);
    this.owner.ended(this, reason);
  }

  /** Resolves when the end of the view has run. */
  async settled(): Promise<void> {
    if (!this.#mailbox.isIdle) await this.#mailbox.settled();
  }

  /** Calls the event's handler in the mailbox; its HTML is sent before this resolves. */
  event(payload: EventPayload): Promise<unknown> {
    return this.#inMailbox((view) => callEvent(this.View, view, payload, this.connectionId));
  }

  /** The browser shows another URL of this page. False when it is not one of this page's. @throws what its guards throw */
  urlChanged(url: URL): Promise<boolean> {
    return this.#inMailbox(async (view) => {
      if (!(await this.moveIf(url, () => runGuards(this.View, view)))) return false;
      await view.handleParams();
      return true;
    });
  }

  /** The page's pointer. Does not pass the mailbox, unless the view has an event named `cursor_move`. */
  cursor(position: { readonly x: number; readonly y: number } | null): void {
    if (this.#state === "joined") this.tellTraits((trait) => trait.cursor?.(position));
  }

  status(status: "active" | "idle" | "away"): void {
    if (this.#state === "joined") this.tellTraits((trait) => trait.status?.(status));
  }

  enqueue(work: () => unknown): void {
    if (this.#state === "ended") return;
    this.#mailbox.post(async () => {
      if (this.#state === "ended") return;
      this.#isDirty = true;
      await work();
    });
  }

  changed(): void {
    if (this.#isDirty || this.#state === "ended") return;
    this.#isDirty = true;
    this.services.shows.add(this);
  }

  push(event: string, payload: unknown): void {
    if (this.#state === "ended") return;
    this.#outbox.push({ event, payload });
    if (!this.#isDirty) this.services.shows.add(this);
  }

  send(frame: SharedFrame, { lossy = false }: { readonly lossy?: boolean } = {}): void {
    this.#outbox.send(frame, lossy);
  }

  flush(): Promise<void> {
    this.#isDirty = true;
    this.#show();
    // What the handler changes from here on is shown when it ends.
    this.#isDirty = true;
    this.services.shows.add(this);
    return Promise.resolve();
  }

  patchUrl(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
    const url = new URL(to, this.url);
    if (!this.moveTo(url))
      throw new TypeError(`patchUrl() stays on the same page; ${url.pathname} is another: use a link or redirect().`);
    this.#outbox.tell(PATCH_URL, { url: url.pathname + url.search + url.hash, replace });
    this.enqueue(() => this.#view?.handleParams());
  }

  async failed(error: unknown): Promise<void> {
    if (error instanceof ControlFlow) return this.#leaveFor(error);
    await this.#tellError(error);
    this.userCode.log(error, "a handler of a view failed");
  }

  overdue(): void {
    if (this.#state === "ended") return;
    this.userCode.log(
      `limits.handlerMs: ${this.limits.handlerMs}`,
      "a handler of a view took too long; its page is mounted anew",
    );
    this.end("left", 0);
  }

  turned(idle: boolean): void {
    if (idle) this.#show();
  }

  /** Runs what opens the page; a failure ends the channel. */
  async #first(work: () => Promise<JoinReply>): Promise<JoinReply> {
    try {
      return await this.#mailbox.run(work);
    } catch (error) {
      this.end("left");
      throw error;
    }
  }

  #open(socket: ChannelSocket, joinRef: string | null): JoinReply {
    if (this.#state === "ended") throw new PageGone("The page went away before it was shown.");
    const rendered = renderView(this.#mounted, this.services);
    this.#graceTimer?.clear();
    this.#isDirty = false;
    this.#state = "joined";
    this.#turn += 1;
    this.#outbox.open(socket, joinRef, rendered, this.#view!.pageTitle);
    this.settle();
    return joinReply(this, rendered, this.#view!.pageTitle, this.services);
  }

  #inMailbox<T>(work: (view: LiveView<any>) => Promise<T>): Promise<T> {
    return this.#mailbox.run(async () => {
      this.#isDirty = true;
      try {
        return await work(this.#view!);
      } catch (error) {
        if (!(error instanceof ControlFlow)) await this.#tellError(error);
        throw error;
      } finally {
        // The page has the HTML of an event before it has the reply.
        this.#show();
      }
    });
  }

  async #tellError(error: unknown): Promise<void> {
    await this.userCode.run(() => this.#view?.handleError(error));
  }

  /** What the mailbox is at now will show it otherwise. */
  showIfIdle(): void {
    if (this.#mailbox.isIdle) this.#show();
  }

  get #mounted(): Mounted {
    return { View: this.View, view: this.#view!, traits: this.traits };
  }

  #show(): void {
    if (this.#state !== "joined") return;
    if (this.#isDirty) {
      if (!this.#outbox.isReady(() => this.services.shows.add(this))) return;
      this.#isDirty = false;
      try {
        this.#outbox.show(renderView(this.#mounted, this.services), this.#view!.pageTitle);
      } catch (error) {
        this.userCode.log(error, "a view could not be rendered; its page keeps what it shows");
      }
    }
    this.#outbox.flushPushes();
  }

  #leaveFor({ outcome }: ControlFlow): void {
    if (outcome.kind === "redirect") this.owner.redirected(this, outcome.to);
    else this.end("left");
  }

  async #finish(reason: EndReason): Promise<void> {
    await this.userCode.run(() => this.#view?.unmount());
    for (const trait of this.traits) await this.userCode.run(() => trait.ended?.(reason));
  }
}
