import { systemClock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import { DEFAULT_LIMITS } from "../options.js";
import type { PresenceBackend } from "../presence/backend.js";
import { Observer } from "../presence/observer.js";
import type { Presence } from "../presence/presence.js";
import { EXIT, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { remarking } from "./logging.js";
import { labelOf, namedRoom, roomFields, roomName, TENANT_OPTION, type NamedRoom } from "./room-names.js";
import { printable, shortJson } from "./text.js";
import { personFields } from "./who.js";

/** How often rooms are listed to find new ones; where there are very many, so that most of the time is a pause. */
const LOOK_EVERY_MS = 1_000;
const PAUSE_PER_LOOK = 10;

const EVENTS = {
  here: { sign: "=", verb: "is here", color: "dim" },
  join: { sign: "+", verb: "joined", color: "green" },
  update: { sign: "~", verb: "changed", color: "yellow" },
  leave: { sign: "-", verb: "left", color: "red" },
} as const;

export const watchCommand: Command = {
  name: "watch",
  words: ["[key]"],
  summary: "tell who comes, changes and goes, as it happens",
  more: [
    "Without a key: all rooms that somebody is in, new ones within a second. Begins with who is there.",
    "Ends with Ctrl-C, and then with 0. --json prints a JSON value a line.",
  ].join("\n"),
  options: { tenant: { ...TENANT_OPTION, help: "the tenant of the room, or whose rooms are meant" } },
  run: watch,
};

async function watch(invocation: Invocation): Promise<Exit> {
  const [key] = invocation.words;
  const tenant = textOf(invocation, "tenant");
  const name = key === undefined ? null : roomName({ tenant: tenant ?? "", key });
  const { backend } = await invocation.open();
  const { print, terminal } = invocation;
  const logger = remarking(print);
  const observer = new Observer({ backend, clock: systemClock, limits: DEFAULT_LIMITS, logger });
  const watcher = new Watcher(invocation, observer, logger);
  backend.onReturn(() => print.remark("Redis can be reached again."));
  let stopHearing = () => {};
  const ended = new Promise<void>((resolve) => (stopHearing = terminal.onEnd(resolve)));
  try {
    if (name === null) await watcher.followAll(backend, tenant, ended);
    else {
      await watcher.follow(name, false);
      await ended;
    }
  } finally {
    stopHearing();
    observer.stop();
  }
  return EXIT.ok;
}

/** Prints what an observer hears. */
class Watcher {
  constructor(
    private readonly invocation: Invocation,
    private readonly observer: Observer,
    private readonly logger: Logger,
  ) {}

  /** `isNew`: who is in it has come while we watched. */
  async follow(name: string, isNew: boolean): Promise<void> {
    const named = namedRoom(name);
    const room = await this.observer.follow(name, named.tenant, named.key);
    for (const person of room.everybody) this.#print(isNew ? "join" : "here", named, person);
    room.watch({
      changed: ({ joins, updates, leaves, reasons }) => {
        for (const person of joins) this.#print("join", named, person);
        for (const person of updates) this.#print("update", named, person);
        for (const person of leaves) this.#print("leave", named, person, reasons.get(person.id));
      },
    });
  }

  /** Looks for rooms again and again, until `ended` is. */
  async followAll(backend: PresenceBackend, tenant: string | undefined, ended: Promise<void>): Promise<void> {
    const isEnded = ended.then(() => true);
    for (let isNew = false; ; isNew = true) {
      const start = performance.now();
      try {
        await this.#look(backend, tenant, isNew);
      } catch (error) {
        if (!isNew) throw error;
        this.logger.warn({ error: messageOf(error) }, "rooms could not be listed; it is tried again");
      }
      const pauseMs = Math.max(LOOK_EVERY_MS, PAUSE_PER_LOOK * (performance.now() - start));
      if (await Promise.race([isEnded, pause(pauseMs)])) return;
    }
  }

  async #look(backend: PresenceBackend, tenant: string | undefined, isNew: boolean): Promise<void> {
    const found = new Set<string>();
    for await (const page of backend.rooms()) {
      for (const { room } of page) if (tenant === undefined || namedRoom(room).tenant === tenant) found.add(room);
    }
    const known = new Set(this.observer.names);
    await Promise.all([...found].filter((name) => !known.has(name)).map((name) => this.follow(name, isNew)));
    // Whoever comes into a room that is let go comes into a new one.
    for (const name of known) if (!found.has(name) && this.observer.isEmpty(name)) this.observer.leave(name);
  }

  #print(event: keyof typeof EVENTS, room: NamedRoom, person: Presence, reason?: string): void {
    const { print } = this.invocation;
    const { sign, verb, color } = EVENTS[event];
    const time = new Date();
    const fields = { time: time.toISOString(), event, ...roomFields(room), ...(reason ? { reason } : {}) };
    const what = print.paint(color, `${sign} ${printable(person.id)} ${verb}${reason ? ` (${reason})` : ""}`);
    const meta = event === "leave" ? "" : `  ${print.paint("dim", shortJson(person.meta))}`;
    const clock = print.paint("dim", time.toTimeString().slice(0, 8));
    const where = print.paint("cyan", printable(labelOf(room)));
    print.line({ ...fields, person: personFields(person) }, `${clock} ${where}  ${what}${meta}`);
  }
}

function pause(ms: number): Promise<false> {
  return new Promise((resolve) => {
    systemClock.after(ms, () => resolve(false));
  });
}
