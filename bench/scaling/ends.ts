// How much of each thing there can be before something is full: closed formulas, one cause at a time.
import { DEFAULT_LIMITS } from "../../src/options.js";
import type { Costs } from "./costs.js";
import { cursorTickMs, most, tellingsPerS } from "./model.js";
import { CEILING } from "./size.js";
import { changesPerS, MILLION } from "./workload.js";

export interface End {
  readonly what: string;
  readonly most: number;
  readonly unit: string;
}

const BUDGET_US = CEILING.cpu * 1_000_000;
/** As in the unit of docs/deploy.md. */
const OPEN_FILES = 65_536;
/** What Linux gives to outgoing connections, from one address to one other. */
const PORTS = 28_231;
const GIGABIT_BYTES = 125_000_000;
const HEADS_BYTES = 70;
/** Besides people: what a process of Node holds. */
const PROCESS_KIB = 90 * 1_024;

/** Of one core, in one room and many. */
export function endsOfNode({ node }: Costs): End[] {
  const viewerS = changesPerS(MILLION);
  const telling = (viewers: number, tickMs: number = DEFAULT_LIMITS.roomTickMs) => {
    const tellings = tellingsPerS(viewers * viewerS, { roomTickMs: tickMs });
    return tellings * (node.changeUs + viewers * node.changeViewerUs);
  };
  const visiting = node.pageUs + node.socketUs + node.viewUs + node.endUs;
  const cursors = (movers: number, viewers: number) => {
    const ticks = 1_000 / cursorTickMs(movers);
    return movers * MILLION.movesPerS * node.moveUs + ticks * viewers * (node.tickViewerUs + movers * node.tickPairUs);
  };
  const fits = (us: (count: number) => number) => most((count) => us(count) <= BUDGET_US);
  return [
    {
      what: "viewers of one room that changes once a second",
      most: fits((n) => node.changeUs + n * node.changeViewerUs),
      unit: "viewers",
    },
    {
      what: "viewers of one room, who come, go and rest as in the example",
      most: fits((n) => telling(n)),
      unit: "viewers",
    },
    { what: "the same with `roomTickMs: 250`", most: fits((n) => telling(n, 250)), unit: "viewers" },
    { what: "visits: page, socket, view, and their end", most: Math.floor(BUDGET_US / visiting), unit: "per second" },
    {
      what: "events of pages that only change themselves",
      most: Math.floor(BUDGET_US / node.eventUs),
      unit: "per second",
    },
    { what: "people who all move in one room", most: fits((n) => cursors(n, n)), unit: "people" },
    { what: "onlookers before 20 who move", most: fits((n) => cursors(20, n + 20)), unit: "viewers" },
    {
      what: "quiet viewers in 1.5 GB, one room",
      most: Math.floor((CEILING.nodeMib * 1_024 - PROCESS_KIB) / (node.viewerKib + node.recordKib)),
      unit: "viewers",
    },
    {
      what: "quiet viewers in 1.5 GB, each in a room of his own",
      most: Math.floor((CEILING.nodeMib * 1_024 - PROCESS_KIB) / (node.viewerKib + node.recordKib + node.roomKib)),
      unit: "viewers",
    },
    {
      what: "frames of a join over 1 Gbit/s",
      most: Math.floor((CEILING.cpu * GIGABIT_BYTES) / (node.changeBytes + HEADS_BYTES)),
      unit: "per second",
    },
    { what: "open files, `LimitNOFILE=65536`", most: OPEN_FILES - 100, unit: "viewers" },
    { what: "ports from one proxy address to one node", most: PORTS, unit: "viewers" },
  ];
}

/** Of a room that is on so many nodes, of one server, and of the bus between servers. */
export function endsOfRedis({ node, redis }: Costs, hosts = 10): End[] {
  const changing = (redis.joinUs + redis.leaveUs) / 2;
  const perS = (us: number) => Math.floor(BUDGET_US / us);
  return [
    {
      what: "changes of rooms that 1 node hosts, one server",
      most: perS(changing + redis.hearerUs),
      unit: "per second",
    },
    {
      what: `changes of rooms that ${hosts} nodes host, one server`,
      most: perS(changing + hosts * redis.hearerUs),
      unit: "per second",
    },
    {
      what: "changes told by other nodes, of rooms with 1 viewer here, one node",
      most: perS(node.hearUs + node.changeUs + node.changeViewerUs),
      unit: "per second",
    },
    {
      what: `messages to rooms that ${hosts} nodes host, one server`,
      most: perS(redis.messageUs + hosts * redis.hearerUs),
      unit: "per second",
    },
    { what: "messages on the bus of a Cluster, however many shards", most: perS(redis.busUs), unit: "per second" },
    { what: "rooms in which people of 2 nodes move, by the bus", most: perS(2 * 30 * redis.busUs), unit: "rooms" },
    {
      what: "connections in 4 GB, rooms of one",
      most: Math.floor((CEILING.redisMib * 2 ** 20) / redis.aloneBytes),
      unit: "connections",
    },
  ];
}
