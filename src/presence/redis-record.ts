import { ConviveError } from "../errors.js";
import { freezeParsed } from "../render/freeze.js";
import type {
  KickOrder,
  Operation,
  PutOperation,
  Removal,
  RoomEvent,
  RoomLosses,
  RoomSnapshot,
  RoomWrite,
} from "./backend.js";
import type { ConnectionRecord, LeaveReason, Status } from "./presence.js";

/** Number of the last write of a closed incarnation. */
const CLOSED = "inf";
/** Stands among the numbers of the incarnations. */
const NEWEST = "#newest";

/** Signs before what happened in a room: somebody came, or anything else. */
const JOIN_SIGN = "j";
const EVENT_SIGN = "e";

/** ARGV 6 and on of `redis-apply.lua`. */
export function encodeWrite({ sequence, isAll = false, operations }: RoomWrite): string[] {
  const words = [String(sequence), flag(isAll)];
  for (const each of operations) words.push(...encodeOperation(each));
  return words;
}

function encodeOperation(operation: Operation): string[] {
  if (operation.op === "delete") return ["d", operation.connectionId, operation.reason];
  if (operation.op === "evict") return ["e", operation.connectionId, operation.reason];
  return isJoin(operation) ? encodeJoin(operation) : encodePut(operation);
}

function encodeJoin({ connectionId, userId, status, since, meta }: PutOperation): string[] {
  return ["j", connectionId, encodeUser(userId), status, since === undefined ? "" : String(since), canonicalJson(meta)];
}

function encodePut(operation: PutOperation): string[] {
  const { connectionId, userId, isLingering, status, revises = false, lifetime, maxMembers, meta } = operation;
  const { revision, joinedAt, since } = operation;
  const numbers = [revision, joinedAt, since, lifetime?.seenAt, lifetime?.ttlMs, maxMembers];
  return [
    "p",
    connectionId,
    encodeUser(userId),
    flag(isLingering),
    status,
    flag(revises),
    ...numbers.map((number) => (number === undefined ? "" : String(number))),
    canonicalJson(meta),
  ];
}

/** Nothing is given but since when. */
function isJoin({ isLingering, revises, revision, joinedAt, lifetime, maxMembers }: PutOperation): boolean {
  const isBare = revision === undefined && joinedAt === undefined && lifetime === undefined && maxMembers === undefined;
  return isBare && !isLingering && !revises;
}

/** A tab in it would end its field. */
export function encodeUser(userId: string): string {
  return encodeURIComponent(userId);
}

/** Names in one order, so that equal metas are equal text. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  // A list of names says their order; but it also leaves out what further in has other names.
  if (isFlat(value)) return JSON.stringify(value, Object.keys(value).sort());
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(",")}}`;
}

/** With nothing but plain values. */
function isFlat(value: object): boolean {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) return false;
  return !("toJSON" in value);
}

/** @throws ConviveError REDIS_VALUE_FOREIGN for what no node wrote */
function decodeRecord(connectionId: string, packed: string): ConnectionRecord {
  // What a newer node puts behind the meta is not ours to read.
  const [owner = "", user = "", lingering, status, revision, joinedAt, since, meta = ""] = packed.split("\t");
  try {
    return Object.freeze({
      connectionId,
      userId: user.includes("%") ? decodeURIComponent(user) : user,
      owner,
      isLingering: lingering === "1",
      status: status as Status,
      revision: numberOf(revision),
      joinedAt: numberOf(joinedAt),
      since: numberOf(since),
      meta: metaOf(meta),
    });
  } catch (error) {
    throw new ConviveError(
      "REDIS_VALUE_FOREIGN",
      "A room in Redis holds a connection that no node wrote. Another program writes to our keys: " +
        "give Convive a prefix or a Redis of its own; `convive doctor` names the room, whose keys are to be deleted.",
      { cause: error },
    );
  }
}

/** Of text as a node writes it, and no other that JavaScript would read as a number. */
function numberOf(text: string | undefined): number {
  const number = Number(text);
  if (Number.isFinite(number) && String(number) === text) return number;
  throw new TypeError(`${String(text)} is no number`);
}

function metaOf(json: string): Record<string, unknown> {
  const meta = JSON.parse(json) as unknown;
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) throw new TypeError("a meta is an object");
  return freezeParsed(meta as Record<string, unknown>);
}

/** What `redis-join.lua` or `publish` in `redis-room.lua` sent; null for anything else. */
export function decodeEvent(text: string): RoomEvent | null {
  if (text.startsWith(JOIN_SIGN)) return decodeJoin(text.slice(1));
  return text.startsWith(EVENT_SIGN) ? decodeChange(text.slice(1)) : null;
}

/** One who came. Only his connection's id may hold a line end. */
function decodeJoin(text: string): RoomEvent {
  const words = text.split("\n");
  const [previous = "", head = "", incarnation = "", sequence = "", packed = "", id = ""] = words;
  const put = [decodeRecord(words.length > 6 ? words.slice(5).join("\n") : id, packed)];
  return { previous, head, incarnation, sequence: decodeSequence(sequence), put, removed: [] };
}

function decodeChange(json: string): RoomEvent {
  const [previous, head, incarnation, sequence, put, removed, owned] = JSON.parse(json) as [
    string,
    string,
    string,
    string,
    unknown,
    unknown,
    unknown,
  ];
  const event: RoomEvent = {
    previous,
    head,
    incarnation,
    sequence: decodeSequence(sequence),
    put: grouped(put, 2).map(([id, packed]) => decodeRecord(id!, packed!)),
    removed: grouped(removed, 3).map(([connectionId, owner, reason]): Removal => ({
      connectionId: connectionId!,
      owner: owner!,
      reason: reason as LeaveReason,
    })),
  };
  return owned === false ? event : { ...event, owned: grouped(owned, 1).flat() };
}

/** What `redis-order.lua` kept; what is no order of ours is none. */
export function decodeOrder(json: string): KickOrder[] {
  try {
    const order = JSON.parse(json) as KickOrder;
    return typeof order.id === "string" && typeof order.userId === "string" ? [order] : [];
  } catch {
    return [];
  }
}

/** The reply of `redis-snapshot.lua`. */
export function decodeSnapshot(reply: unknown): RoomSnapshot {
  const [head, connections, sequences, fenced] = reply as [string, unknown, unknown, string[]];
  const numbers = grouped(sequences, 2).filter(([incarnation]) => incarnation !== NEWEST);
  return {
    head,
    connections: grouped(connections, 2)
      .map(([id, packed]) => decodeRecord(id!, packed!))
      .toSorted((a, b) => a.joinedAt - b.joinedAt || (a.connectionId < b.connectionId ? -1 : 1)),
    sequences: new Map(numbers.map(([incarnation, last]) => [incarnation!, decodeSequence(last!)])),
    fenced: new Set(fenced),
  };
}

/** The reply of `redis-sweep.lua` and `redis-prune.lua`. */
export function decodeLosses(room: string, reply: unknown): RoomLosses {
  const lost = grouped(reply, 3).map(([id, packed, isGone]) => ({ record: decodeRecord(id!, packed!), isGone }));
  const gone = lost.flatMap(({ record, isGone }) => (isGone === "1" ? record.userId : []));
  return { room, connections: lost.map(({ record }) => record), gone: [...new Set(gone)] };
}

export function decodeSequence(text: string): number {
  return text === CLOSED ? Infinity : Number(text);
}

/** Lua has no empty list: it comes as an empty object. */
function grouped(list: unknown, size: number): string[][] {
  if (!Array.isArray(list)) return [];
  const groups: string[][] = [];
  for (let at = 0; at < list.length; at += size) groups.push(list.slice(at, at + size) as string[]);
  return groups;
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}
