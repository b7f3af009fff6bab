import {
  ATTRIBUTES,
  CLOSE,
  CURSOR,
  CURSORS,
  type CursorsPayload,
  DIFF,
  type DiffPayload,
  ERROR,
  EVENT,
  type EventReply,
  type Frame,
  JOIN,
  type JoinPayload,
  type JoinReply,
  PATCH_URL,
  PRESENCE_EVENT,
  PROTOCOL_VERSION,
  PUSH,
  type PushPayload,
  REDIRECT,
  STATUS,
  TITLE,
  URL_CHANGED,
  VIEW_TOPIC,
} from "../src/protocol.js";
import { type Clock, createPauses, createTimer, type Timer } from "./clock.js";
import type { Connection } from "./connection.js";
import { createCursors, type Cursors } from "./cursors.js";
import { createElements, type Elements } from "./elements.js";
import type { Hooks } from "./hooks.js";
import { countReloads, hereUrl, leaveFor, reloadStale, showUrl } from "./location.js";
import type { Pace } from "./pace.js";
import { report } from "./report.js";
import { DISCONNECTED, failure, type PushError, type Requests } from "./requests.js";
import type { Status } from "./status.js";

const WAIT_MS = 10_000;
const MAX_WAITING = 32;
/** What another try on the same link would not change. */
const FINAL = /^(stale|un|forb|not|too)/;
const REFUSED = "data-live-error";

/** What a view needs of its page. */
export interface ViewWorld {
  readonly connection: Connection;
  readonly requests: Requests;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hooks: () => Hooks | undefined;
  readonly status: () => Status;
  /** A view was joined, refused or lost. */
  readonly changed: () => void;
}

/** One root element and the view behind it. */
export class View {
  readonly cursors: Cursors;
  readonly elements: Elements;
  isJoined = false;
  /** The page waits for nothing: joined, or refused for good. */
  isSettled = false;
  private readonly topic: string;
  private readonly timer: Timer;
  private readonly pauseMs: () => number;
  /** What the user did while there was no link is told later, but only if soon, and only so much. */
  private readonly waiting: (() => void)[] = [];
  private reply: JoinReply | undefined;
  private joinRef: string | null = null;
  private told: Status = "active";
  private isEnded = false;

  constructor(
    readonly root: Element,
    private readonly world: ViewWorld,
  ) {
    const { clock, random, hooks } = world;
    this.topic = VIEW_TOPIC + root.getAttribute(ATTRIBUTES.view);
    this.timer = createTimer(clock);
    this.pauseMs = createPauses(clock, random);
    this.cursors = createCursors(root, (position) => this.tell(CURSOR, position));
    this.elements = createElements(root, clock, hooks, (...event) => this.push(...event));
  }

  async join(): Promise<void> {
    const { root, topic, world, reply } = this;
    const token = root.getAttribute(ATTRIBUTES.token)!;
    const payload: JoinPayload = { v: PROTOCOL_VERSION, token, url: hereUrl(), resume: reply?.resume };
    const ref = (this.joinRef = world.connection.nextRef());
    this.timer();
    if (this.isEnded) return;
    try {
      this.joined((await world.requests.ask(ref, topic, JOIN, payload, ref)) as JoinReply);
    } catch (error) {
      if (ref === this.joinRef) this.refused(error as PushError);
    }
  }

  /** The link is gone, or the join. */
  dropped(): void {
    this.timer();
    this.isSettled = this.isEnded;
    this.joinRef = null;
    if (!this.isJoined) return;
    this.isJoined = false;
    this.cursors.joined();
    this.elements.hooks.all("disconnected");
  }

  /** Sends an event and marks the element until the answer. Without a join it waits a while; what was sent is never sent again. */
  async push(name: string, value: unknown, element: Element): Promise<unknown> {
    const { waiting, world } = this;
    const mark = element.getAttribute(ATTRIBUTES.loading) || ATTRIBUTES.loading;
    element.classList.add(mark);
    try {
      if (!this.isJoined) {
        if (waiting.length >= MAX_WAITING) throw failure({ reason: "TOO_MANY" });
        const until = world.clock.now() + WAIT_MS;
        await new Promise<void>((resolve) => waiting.push(resolve));
        if (world.clock.now() > until) throw failure({ reason: DISCONNECTED });
      }
      return ((await this.ask(EVENT, { name, value, target: element.id || null })) as EventReply).reply;
    } finally {
      element.classList.remove(mark);
    }
  }

  paceOf(event: string): Pace | undefined {
    return this.reply?.timing?.[event];
  }

  tellStatus(status: Status): void {
    if (status !== this.told && this.tell(STATUS, status)) this.told = status;
  }

  /** The page shows another address; one that is not the view's is loaded. After a lost link the join tells it. */
  async urlChanged(): Promise<void> {
    try {
      await this.ask(URL_CHANGED, { url: hereUrl() });
    } catch (error) {
      if ((error as PushError).code !== DISCONNECTED) location.reload();
    }
  }

  heard([joinRef, , topic, event, payload]: Frame): void {
    const { reply } = this;
    const isOwn = topic === this.topic && (!joinRef || joinRef === this.joinRef);
    if (isOwn && (this.isJoined || event === ERROR || event === CLOSE)) this.obey(event, payload as never);
    if (event === CURSORS && topic === reply?.cursors?.room) this.cursors.heard(payload as CursorsPayload);
    if (event === PRESENCE_EVENT && reply?.rooms?.includes(topic)) this.elements.pushed(payload as PushPayload);
  }

  private ask(event: string, payload: unknown): Promise<unknown> {
    return this.world.requests.ask(this.joinRef, this.topic, event, payload);
  }

  private tell(event: string, payload: unknown): boolean {
    return this.isJoined && this.world.connection.send(this.joinRef, null, this.topic, event, payload);
  }

  private obey(event: string, payload: never): void {
    const obeys: Record<string, (payload: never) => unknown> = {
      [DIFF]: (diff: DiffPayload) => this.patch(diff),
      [PUSH]: this.elements.pushed,
      [TITLE]: ({ title }: { title: string }) => (document.title = title),
      [REDIRECT]: ({ to }: { to: string }) => leaveFor(to),
      [PATCH_URL]: ({ url, replace }: { url: string; replace?: boolean }) => showUrl(url, replace),
      [ERROR]: () => this.retry(),
      [CLOSE]: () => {
        this.isEnded = true;
        this.end("closed");
      },
    };
    obeys[event]?.(payload);
  }

  private patch({ d, s }: DiffPayload): void {
    try {
      this.elements.patch.apply(d, s);
    } catch (error) {
      report(error);
      this.retry();
    }
    this.cursors.shifted();
  }

  private joined(reply: JoinReply): void {
    const { reply: before, root, elements, world, waiting } = this;
    const isNew = before?.connection !== reply.connection;
    this.reply = reply;
    this.isJoined = true;
    for (const go of waiting.splice(0)) go();
    root.removeAttribute(REFUSED);
    elements.joined(reply);
    if (reply.title) document.title = reply.title;
    this.cursors.joined(reply.cursors, reply.connection);
    if (isNew) this.told = "active";
    this.tellStatus(world.status());
    if (before) elements.hooks.all("reconnected");
    if (before && isNew) elements.recover();
    countReloads(0);
    this.settle();
  }

  private refused(error: PushError): void {
    const { reason, to, html } = (error.response ?? {}) as Partial<Record<string, string>>;
    const { clock, random } = this.world;
    if (to) return leaveFor(to);
    if (reason === "stale" && reloadStale(clock, random)) return;
    if (html) this.elements.failed(html);
    if (FINAL.test(reason!)) return this.end(reason!);
    report(error);
    this.retry();
  }

  /** Joins anew, after a pause that grows while it does not help. */
  private retry(): void {
    this.dropped();
    this.timer(this.pauseMs(), () => this.join());
    this.world.changed();
  }

  private end(reason: string): void {
    this.dropped();
    this.root.setAttribute(REFUSED, reason);
    this.settle();
  }

  private settle(): void {
    this.isSettled = true;
    this.world.changed();
  }
}
