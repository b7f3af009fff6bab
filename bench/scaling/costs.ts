// What each thing costs, fitted to measurements. Times are µs of one core of the machine that measured them.
import { DEFAULT_LIMITS } from "../../src/options.js";
import { figureOf, type Figures } from "./figures.js";
import { leastSquares, type Observation } from "./fit.js";
import { cursorTickMs } from "./model.js";

/** Of a node. */
export interface NodeCosts {
  /** a change of a room told: once … */
  readonly changeUs: number;
  /** … and for each local viewer */
  readonly changeViewerUs: number;
  /** a change or message of another node, heard and understood */
  readonly hearUs: number;
  /** a tick's cursors of another node heard, or told to others */
  readonly hearTickUs: number;
  readonly tellTickUs: number;
  readonly pageUs: number;
  readonly socketUs: number;
  /** in a room that is here already */
  readonly viewUs: number;
  /** a room that begins here with one viewer, over Redis, besides */
  readonly roomUs: number;
  readonly endUs: number;
  readonly eventUs: number;
  /** one move that comes in */
  readonly moveUs: number;
  /** a tick of cursors, for each viewer it is sent to … */
  readonly tickViewerUs: number;
  /** … and for each of the moves in it */
  readonly tickPairUs: number;
  readonly viewerKib: number;
  /** one connection in the list of a room, on each node that hosts it */
  readonly recordKib: number;
  readonly roomKib: number;
  readonly changeBytes: number;
  readonly tickMoverBytes: number;
}

/** Of a Redis. */
export interface RedisCosts {
  readonly joinUs: number;
  readonly leaveUs: number;
  readonly statusUs: number;
  readonly messageUs: number;
  readonly readUs: number;
  readonly readPersonUs: number;
  readonly headsUs: number;
  readonly headUs: number;
  readonly tickUs: number;
  readonly subscribeUs: number;
  /** a message, for each connection that hears it */
  readonly hearerUs: number;
  /** a message of a Cluster, for each server that did not send it */
  readonly busUs: number;
  readonly pruneRoomUs: number;
  readonly pruneNodeUs: number;
  readonly aloneBytes: number;
  readonly connectionBytes: number;
}

export interface Costs {
  readonly node: NodeCosts;
  readonly redis: RedisCosts;
}

/** All coefficients. */
export function costsFrom(figures: Figures): Costs {
  return {
    node: { ...tellingCosts(figures), ...visitCosts(figures), ...cursorCosts(figures) },
    redis: redisCosts(figures),
  };
}

export const FAN_OUT_VIEWERS: readonly number[] = [100, 1_000, 5_000];

/** Mean of a join and a leave, told to so many. */
export function changeUsAt(figures: Figures, viewers: number): number {
  const ms = (kind: string) => figureOf(figures, "fan-out", `${viewers} viewers, a ${kind}: CPU`, "ms");
  return (1_000 * (ms("join") + ms("leave"))) / 2;
}

export function changeCosts(figures: Figures, viewers = FAN_OUT_VIEWERS) {
  const seen = viewers.map((count): Observation => ({ causes: [1, count], value: changeUsAt(figures, count) }));
  const [changeUs, changeViewerUs] = leastSquares(seen) as [number, number];
  const bytes = (kind: string) => figureOf(figures, "fan-out", `1000 viewers, a ${kind}: bytes per viewer`, "bytes");
  return { changeUs, changeViewerUs, changeBytes: (bytes("join") + bytes("leave")) / 2 };
}

/** Without the view that came or went in each change: that is counted by itself. */
function tellingCosts(figures: Figures) {
  const { changeUs, ...rest } = changeCosts(figures);
  const us = (name: string) => figureOf(figures, "visits", name, "µs");
  const visitUs = (us("a view in a room that is there, 100 names") + us("the end of a view and a room of its own")) / 2;
  // A small page is told for less than the hundred names of that bench: what another node takes for hearing and telling together is the bound.
  const elsewhereUs = us("a join told by another node, 1 viewer") - rest.changeViewerUs;
  return { ...rest, changeUs: Math.max(0, Math.min(changeUs - visitUs, elsewhereUs)) };
}

/** How many moved before how many, by the names of the cases. */
export const CURSOR_CASES: readonly (readonly [name: string, movers: number, viewers: number])[] = [
  ["10 users", 10, 10],
  ["50 users", 50, 50],
  ["100 users", 100, 100],
  ["200 users", 200, 200],
  ["500 users", 500, 500],
  ["20 users before 4000 onlookers", 20, 4_020],
];
const MOVES_PER_S = 30;

/** The share of a core as µs per second. */
export function cursorUsAt(figures: Figures, name: string): number {
  return 10_000 * figureOf(figures, "cursors", `${name}: share of a core`, "%");
}

export function cursorCosts(figures: Figures, cases = CURSOR_CASES) {
  const seen = cases.map(([name, movers, viewers]): Observation => {
    const ticks = 1_000 / cursorTickMs(movers, DEFAULT_LIMITS);
    const causes = [movers * MOVES_PER_S, ticks * viewers, ticks * movers * viewers];
    return { causes, value: cursorUsAt(figures, name) };
  });
  const [moveUs, tickViewerUs, tickPairUs] = leastSquares(seen) as [number, number, number];
  const kib = figureOf(figures, "cursors", "200 users: sent per viewer and second", "KiB");
  const tickMoverBytes = (1_024 * kib * cursorTickMs(200, DEFAULT_LIMITS)) / 1_000 / 200;
  return { moveUs, tickViewerUs, tickPairUs, tickMoverBytes };
}

function visitCosts(figures: Figures) {
  const us = (name: string) => figureOf(figures, "visits", name, "µs");
  const kib = (name: string) => figureOf(figures, "visits", `heap and external per ${name}`, "KiB");
  const { changeUs, changeViewerUs } = tellingCosts(figures);
  const { moveUs, tickViewerUs } = cursorCosts(figures);
  const viewerKib = kib("viewer in one room");
  const viewUs = us("a view in a room that is there, 100 names");
  // What it tells its one viewer is counted by itself.
  const hearUs = Math.max(0, us("a join told by another node, 1 viewer") - changeUs - changeViewerUs);
  return {
    hearUs,
    hearTickUs: Math.max(0, us("a tick of cursors told by another node, 1 viewer") - tickViewerUs),
    // One move came in for it.
    tellTickUs: Math.max(0, us("a tick of cursors told to another node, 1 mover") - moveUs),
    pageUs: 1_000 * figureOf(figures, "http", "a page with 100 names: CPU", "ms"),
    // What the socket adds is known where the room is made with it.
    socketUs: Math.max(0, us("a socket, a view and a room of its own") - viewUs),
    viewUs,
    roomUs: Math.max(0, us("a view and a room of its own, over Redis") - viewUs - hearUs),
    endUs: us("the end of a view and a room of its own"),
    eventUs: 1_000 * figureOf(figures, "events", "one view: CPU of an event", "ms"),
    viewerKib: figureOf(figures, "memory", "the whole process per viewer, 1000 to 10000", "KiB"),
    recordKib: Math.max(0, kib("person in one room") - viewerKib),
    roomKib: Math.max(0, kib("viewer in a room of its own") - viewerKib),
  };
}

function redisCosts(figures: Figures): RedisCosts {
  const us = (name: string) => figureOf(figures, "redis-costs", name, "µs");
  const bytes = (name: string) => figureOf(figures, "redis-costs", `memory of a connection ${name}`, "bytes");
  const [one, many] = [us("a room of 1 read"), us("a room of 1000 read")];
  const [head, heads] = [us("1 head read"), us("2000 heads read")];
  return {
    joinUs: us("a join, into a room of 1000"),
    leaveUs: us("a leave"),
    statusUs: us("a change of status"),
    messageUs: us("a message to a room"),
    readUs: one,
    readPersonUs: Math.max(0, (many - one) / 999),
    headsUs: head,
    headUs: Math.max(0, (heads - head) / 1_999),
    tickUs: us("a node's tick"),
    subscribeUs: us("a room begun and ended to be heard"),
    hearerUs: us("a message, for each connection that hears it"),
    busUs: us("a message of a Cluster, for each other server"),
    pruneRoomUs: us("a room looked at to be pruned"),
    pruneNodeUs: us("a node looked for in a bucket"),
    aloneBytes: bytes("alone in its room"),
    connectionBytes: bytes("in a full room"),
  };
}
