import { CLOSE_CODES, encodeFrame, type Frame, HEARTBEAT, HEARTBEAT_TOPIC } from "../src/protocol.js";
import { type Clock, createPauses, createTimer } from "./clock.js";
import {
  COOLDOWN_MS,
  DEADLINE_MS,
  HEARTBEAT_MS,
  OPEN_MS,
  RESTART_FAILURES,
  UNLOADED,
  WAKE_DEADLINE_MS,
} from "./limits.js";

/** What is used of a WebSocket. Once closed from here it tells no more. */
export interface Link {
  send(text: string): void;
  close(code?: number): void;
}

export interface LinkListener {
  opened(): void;
  received(text: string): void;
  closed(code?: number): void;
}

/** What a connection stands on; tests bring their own. */
export interface ConnectionWorld {
  readonly clock: Clock;
  dial(listener: LinkListener): Link;
}

export interface ConnectionListener {
  opened(): void;
  /** Also after a try that failed; with the server's code, if it said one. */
  closed(code?: number): void;
  heard(frame: Frame): unknown;
}

/** One WebSocket, dialled again for as long as it is wanted. */
export interface Connection {
  start(): unknown;
  /** A clean end: the server sees an unload, not a broken link. */
  stop(): void;
  /** The page is looked at, thawed or online again: be connected now, or find out. */
  wake(): unknown;
  /** False, and nothing sent, while there is no link. */
  send(...frame: Frame): boolean;
  nextRef(): string;
}

export function createConnection(world: ConnectionWorld, { opened, closed, heard }: ConnectionListener): Connection {
  const { clock } = world;
  // The next try, the patience of a dial, the next heartbeat, or the patience for its answer.
  const timer = createTimer(clock);
  const pauseAfter = pausesAfterLinks(clock);
  let link: Link | null = null;
  let [isOpen, refs, shutUntil] = [false, 0, Infinity];

  const nextRef = () => `${++refs}`;
  const send = (...frame: Frame) => (isOpen && link!.send(encodeFrame(frame)), isOpen);
  const probe = (patienceMs: number) => {
    send(null, nextRef(), HEARTBEAT_TOPIC, HEARTBEAT, {});
    timer(patienceMs, lost);
  };
  const rest = () => timer(HEARTBEAT_MS, () => probe(DEADLINE_MS));
  const dial = () => {
    shutUntil = 0;
    timer(OPEN_MS, lost);
    link = world.dial({
      opened() {
        isOpen = true;
        rest();
        opened();
      },
      received(text) {
        rest();
        heard(JSON.parse(text) as Frame);
      },
      closed: lost,
    });
  };
  const drop = (code?: number, heardCode?: number) => {
    timer();
    link?.close(code);
    link = null;
    isOpen = false;
    closed(heardCode);
  };
  const lost = (code?: number) => {
    const ms = pauseAfter(code);
    if (isShut(code)) shutUntil = clock.now() + ms;
    drop(undefined, code);
    timer(ms, dial);
  };
  const start = () => shutUntil === Infinity && dial();
  const stop = () => drop(((shutUntil = Infinity), UNLOADED));
  const wake = () => (isOpen ? probe(WAKE_DEADLINE_MS) : !link && clock.now() >= shutUntil && dial());
  return { start, stop, wake, send, nextRef };
}

function pausesAfterLinks(clock: Clock): (code?: number) => number {
  const pauseMs = createPauses(clock);
  return (code) => {
    if (isShut(code)) return COOLDOWN_MS * (1 + clock.random());
    return pauseMs(code === CLOSE_CODES.serviceRestart ? RESTART_FAILURES : 0);
  };
}

/** The server does not want to see this page for now: not even somebody who comes back to it dials. */
function isShut(code?: number): boolean {
  return code === CLOSE_CODES.flood || code === CLOSE_CODES.disconnected;
}
