import type { LiveView } from "../live-view.js";
import type { Logger } from "../logger.js";
import { openStore } from "../open-store.js";
import { resolveOptions, type ConviveOptions } from "../options.js";
import { decodeFrame, encodeFrame, EVENT, JOIN, PROTOCOL_VERSION, type Frame, type JoinReply } from "../protocol.js";
import { Templates } from "../render/template.js";
import type { Identity } from "../session/identity.js";
import type { ViewClass } from "../session/registry.js";
import { MOUNT_PURPOSE, type MountTicket } from "../session/services.js";
import { Sessions } from "../session/sessions.js";
import { Socket, type RawSocket } from "../session/socket.js";
import type { User } from "../register.js";
import { FakeClock, settle } from "./fake-clock.js";

type AnyView = new (...args: any[]) => LiveView<any>;

const TICK_MS = 10;
const JOIN_TICKS = 10;

/** What a test of the sessions reads of a log line. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly facts: object;
  readonly message: string;
}

/** A node without HTTP: sessions on a clock that stands still, and wires to them, frame by frame. */
export class SessionRig {
  readonly clock = new FakeClock();
  readonly log: LogLine[] = [];
  readonly sessions: Sessions;

  constructor(options: ConviveOptions = {}) {
    const settings = resolveOptions({
      mode: "production",
      secret: "a secret for tests only",
      ...options,
      clock: this.clock,
    });
    const keep =
      (level: LogLine["level"]) =>
      (facts: object, message = "") =>
        void this.log.push({ level, facts, message });
    const logger: Logger = { info: keep("info"), warn: keep("warn"), error: keep("error") };
    this.sessions = new Sessions({
      ...settings,
      logger: options.logger ?? logger,
      store: openStore(options, { ...settings, logger: options.logger ?? logger }),
      templates: new Templates({ directories: [], isDevelopment: false }),
      secrets: settings.secrets!,
      authorizePresence: options.authorizePresence,
    });
  }

  /** The token of a page that was rendered for this person. */
  tokenOf(View: AnyView, userId: string, ticket: Partial<MountTicket> = {}): string {
    const { services } = this.sessions;
    const view = services.views.register(View as unknown as ViewClass);
    const whole: MountTicket = { view, id: view, params: {}, route: "/", userId, ...ticket };
    return services.tokens.sign(MOUNT_PURPOSE, whole, services.limits.tokenAgeMs);
  }

  connect(user: object, more: Partial<Identity> = {}): Wire {
    return new Wire(this, user as User, more);
  }

  errors(): string[] {
    return this.log.filter(({ level }) => level === "error").map(({ message }) => message);
  }
}

/** One socket and all that came down on it. */
export class Wire implements RawSocket {
  bufferedAmount = 0;
  readonly frames: Frame[] = [];
  readonly closes: string[] = [];
  readonly socket: Socket;
  readonly identity: Identity;
  #ref = 0;
  readonly #joinRefs = new Map<string, string>();

  constructor(
    private readonly rig: SessionRig,
    user: User,
    more: Partial<Identity>,
  ) {
    const { clock, limits, logger } = rig.sessions.services;
    const userId = String((user as { id?: unknown }).id);
    const base = { user, userId, session: {}, isAnonymous: false, tenant: "", origin: "http://a", address: "" };
    this.identity = { ...base, ...more };
    const join = rig.sessions.join.bind(rig.sessions);
    this.socket = new Socket(this, this.identity, { clock, limits, logger, join });
  }

  send(data: string | Buffer): void {
    this.frames.push(decodeFrame(String(data))!);
  }
  ping(): void {}
  close(code: number): void {
    this.closes.push(`close ${code}`);
  }
  terminate(): void {
    this.closes.push("terminate");
  }

  /** Sends a frame and lets everything happen that needs no time. */
  async tell(topic: string, event: string, payload: unknown): Promise<string> {
    const ref = String(++this.#ref);
    if (event === JOIN) this.#joinRefs.set(topic, ref);
    this.socket.receive(encodeFrame([this.#joinRefs.get(topic) ?? null, ref, topic, event, payload]));
    await settle();
    return ref;
  }

  /** What a ref was answered with; undefined while it is not. */
  answer(ref: string): { readonly status: string; readonly response: Record<string, unknown> } | undefined {
    return this.frames.find((frame) => frame[1] === ref && frame[3] === "phx_reply")?.[4] as never;
  }

  async join(View: AnyView, more: Partial<MountTicket> & { url?: string; resume?: string } = {}): Promise<JoinReply> {
    const { url = "/", resume, ...ticket } = more;
    const token = this.rig.tokenOf(View, this.identity.userId, ticket);
    const topic = `lv:${(View as unknown as { viewName: string }).viewName}`;
    const ref = await this.tell(topic, JOIN, { v: PROTOCOL_VERSION, token, url, resume });
    // A room that others are in answers at its next tick.
    for (let i = 0; i < JOIN_TICKS && !this.answer(ref); i += 1) await this.rig.clock.advance(TICK_MS);
    return this.answer(ref)?.response as unknown as JoinReply;
  }

  async event(topic: string, name: string, value: unknown = {}): Promise<ReturnType<Wire["answer"]>> {
    return this.answer(await this.tell(topic, EVENT, { name, value }));
  }

  told(event: string): unknown[] {
    return this.frames.filter((frame) => frame[3] === event).map((frame) => frame[4]);
  }

  get events(): string[] {
    return this.frames.map((frame) => frame[3]);
  }
}
