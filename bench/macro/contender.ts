import type { Line } from "./line.js";

/** Somebody at a room's door. Without a name he looks on and is in no list. */
export interface Person {
  readonly room: string;
  readonly id: string;
  readonly name?: string;
}

/** An open line of one person, in the contender's own protocol. */
export interface Visitor {
  readonly line: Line;
  /** Joins the room; the contender answers with what is in it. */
  enter(): void;
  /** Leaves the room; the line stays open. */
  leave(): void;
  /** The own pointer is there now. */
  point(x: number, y: number): void;
}

/** What happened to a room. */
export interface News {
  readonly kind: "join" | "leave";
  readonly name: string;
  /** how many are in it now */
  readonly count: number;
}

/** A server that is measured, as the load talks to it. */
export interface Contender {
  /** In tables. */
  readonly name: string;
  /** A file of `servers/`. */
  readonly program: string;
  /** Connects a person, who does not enter yet. */
  open(port: number, person: Person): Promise<Visitor>;
  /** Whether a message is the answer to `enter`. */
  isWelcome(payload: Buffer): boolean;
  /** Whether a message tells of it. */
  tells(payload: Buffer, news: News): boolean;
  /** Makes what says whether a line that hears this message knows of so many people. */
  shows(count: number): (payload: Buffer, line: Line) => boolean;
}

/** Sockets that are opened at the same time. */
const AT_ONCE = 50;

/** Does work for each of so many, some at a time; in order. */
export async function each<T>(count: number, work: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = Array.from({ length: count });
  let next = 0;
  const some = async () => {
    for (let at = next++; at < count; at = next++) results[at] = await work(at);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, some));
  return results;
}

/** Opens a line and enters: one that is in the room. */
export async function visit(contender: Contender, port: number, person: Person): Promise<Visitor> {
  const visitor = await contender.open(port, person);
  const welcomed = visitor.line.next(`${contender.name}: the answer to a join`, contender.isWelcome);
  visitor.enter();
  await welcomed;
  return visitor;
}
