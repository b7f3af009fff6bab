import { ConviveError, messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Connection } from "./connection.js";

/** What handlers of connections ask for. */
export interface HandlerOwner {
  readonly rooms: { touch(connection: Connection): Promise<void>; leaveAll(connection: Connection): Promise<void> };
  readonly logger: Logger;
}

/** A handler of messages before which each message counts as a sign of life. */
export function touching<A extends unknown[], R>(
  { rooms, logger }: HandlerOwner,
  handler: (this: Connection, ...message: A) => R,
  given: Connection | undefined,
): (this: unknown, ...message: A) => R | undefined {
  return function (...message) {
    const connection = connectionOf(this, given);
    rooms.touch(connection).catch((error: unknown) => failed(logger, error));
    return isHeartbeat(message[0], message[1]) ? undefined : handler.apply(connection, message);
  };
}

/** A handler of the end of a connection, before which it leaves all its rooms. */
export function removing<A extends unknown[]>(
  { rooms, logger }: HandlerOwner,
  handler: ((this: Connection, ...reason: A) => unknown) | undefined,
  given: Connection | undefined,
): (this: unknown, ...reason: A) => Promise<void> {
  return async function (...reason) {
    const connection = connectionOf(this, given);
    try {
      await rooms.leaveAll(connection);
      await handler?.apply(connection, reason);
    } catch (error) {
      failed(logger, error);
    }
  };
}

function connectionOf(self: unknown, given: Connection | undefined): Connection {
  const connection = given ?? self;
  if (isConnection(connection)) return connection;
  throw new ConviveError(
    "OPTION_INVALID",
    "The handler is not called on its connection: give the connection as second argument of touchPresence or removePresence.",
  );
}

function failed(logger: Logger, error: unknown): void {
  logger.error({ error: messageOf(error), stack: (error as Error)?.stack }, "a handler of a connection failed");
}

/** What a client sends to say no more than that it is there: this JSON text, to the letter. */
const HEARTBEAT = '"heartbeat"';

/** Whether a message of `ws`, with its flag, or of a similar server is the heartbeat. A binary frame never is. */
export function isHeartbeat(data: unknown, isBinary: unknown): boolean {
  if (isBinary === true) return false;
  if (typeof data === "string") return data === HEARTBEAT;
  // Without the flag nobody knows whether bytes are text.
  return isBinary === false && bytesOf(data)?.toString() === HEARTBEAT;
}

function isConnection(value: unknown): value is Connection {
  return typeof value === "object" && value !== null && typeof (value as { send?: unknown }).send === "function";
}

/** Null for what is longer than a heartbeat: large messages are not copied. */
function bytesOf(data: unknown): Buffer | null {
  const parts = (Array.isArray(data) ? data : [data]).map(viewOf);
  const length = parts.reduce((sum, part) => sum + (part?.byteLength ?? Infinity), 0);
  return length === HEARTBEAT.length ? Buffer.concat(parts as Buffer[]) : null;
}

function viewOf(part: unknown): Buffer | null {
  if (part instanceof ArrayBuffer) return Buffer.from(part);
  return ArrayBuffer.isView(part) ? Buffer.from(part.buffer, part.byteOffset, part.byteLength) : null;
}
