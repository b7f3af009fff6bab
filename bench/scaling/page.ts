// The tables of docs/scaling.md, made from the recorded figures: page and model cannot disagree.
import { number } from "../report.js";
import { checks, errorOf } from "./check.js";
import { BUCKETS, mostBuckets, shardsOf } from "./cluster.js";
import { costsFrom, type Costs } from "./costs.js";
import { endsOfNode, endsOfRedis, type End } from "./ends.js";
import type { Figures } from "./figures.js";
import type { Planned } from "./plans.js";

/** Names of the tables, as they stand in the page: `<!-- table: NAME -->`. */
export type TableName = "measured" | "costs" | "node" | "redis" | "shards" | "plans" | "checks";
type Cells = readonly string[];

const LEAST_US = 1e-6;

/** The page with its tables made anew. @throws RangeError when it lacks one */
export function withTables(page: string, tables: Readonly<Record<TableName, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- table: ${name} -->\n)[^]*?(\n<!-- end -->)`);
    if (!place.test(text)) throw new RangeError(`The page has no place for the table "${name}".`);
    return text.replace(place, (_, start: string, end: string) => `${start}\n${table}\n${end}`);
  }, page);
}

export function tablesFrom(figures: Figures, planned: readonly Planned[]): Record<TableName, string> {
  const costs = costsFrom(figures);
  return {
    measured: measuredLines(figures),
    costs: costTable(costs),
    node: endTable("one node, 60 % of its core", endsOfNode(costs)),
    redis: endTable("Redis, 60 % of its core", endsOfRedis(costs)),
    shards: shardTable(),
    plans: planTable(planned),
    checks: checkTable(figures),
  };
}

function measuredLines({ machine, date, lines }: Figures): string {
  const provisional = lines.filter((line) => line.provisional !== undefined).length;
  const remark =
    provisional === 0
      ? ""
      : ` ${provisional} of ${lines.length} figures are provisional: taken while others used the machine.`;
  return `Measured on ${date}: ${machine.replaceAll("\n", "; ")}.${remark}`;
}

function costTable({ node, redis }: Costs): string {
  // What is left of a difference of equals is nothing.
  const us = (value: number) => `${number(value < LEAST_US ? 0 : value)} µs`;
  const rows: Cells[] = [
    ["a change of a room told, once", us(node.changeUs), "fan-out, visits"],
    ["… and for each local viewer", us(node.changeViewerUs), "fan-out"],
    ["a change of another node, besides telling it", us(node.hearUs), "visits"],
    ["first render over HTTP, list of 100 names", us(node.pageUs), "http"],
    ["a socket, with its handshake", us(node.socketUs), "visits"],
    ["a view, list of 100 names", us(node.viewUs), "visits"],
    ["a room that begins on a node", us(node.roomUs), "visits"],
    ["the end of a view", us(node.endUs), "visits"],
    ["an event through one view", us(node.eventUs), "events"],
    ["a move that comes in", us(node.moveUs), "cursors"],
    ["a tick of cursors, for each viewer", us(node.tickViewerUs), "cursors"],
    ["… and for each mover in it", us(node.tickPairUs), "cursors"],
    ["a tick of cursors of another node heard", us(node.hearTickUs), "visits"],
    ["memory of a viewer", `${number(node.viewerKib)} KiB`, "memory"],
    ["memory of a name in a list, on each node that hosts the room", `${number(node.recordKib)} KiB`, "visits"],
    ["memory of a room", `${number(node.roomKib)} KiB`, "visits"],
    ["Redis: a join", us(redis.joinUs), "redis-costs"],
    ["Redis: a message to a room", us(redis.messageUs), "redis-costs"],
    ["Redis: for each node that hears it", us(redis.hearerUs), "redis-costs"],
    ["Redis Cluster: for each other server", us(redis.busUs), "redis-costs"],
    ["Redis: a node's tick, once a second", us(redis.tickUs), "redis-costs"],
    ["Redis: a head that an audit reads", us(redis.headUs), "redis-costs"],
    [
      "Redis: a connection, alone in its room / in a full one",
      `${number(redis.aloneBytes)} / ${number(redis.connectionBytes)} bytes`,
      "redis-costs",
    ],
  ];
  return tableOf(["what", "costs", "bench"], rows, [1]);
}

function endTable(of: string, ends: readonly End[]): string {
  return tableOf(
    [of, "at most", ""],
    ends.map(({ what, most, unit }) => [what, rounded(most), unit]),
    [1],
  );
}

function shardTable(): string {
  const counts = [1, 3, 6, 8, 12, 16, 32];
  const share = (most: number) => `${Math.round((100 * most) / BUCKETS)} %`;
  const rows = counts.map((count) => {
    const dealt = shardsOf(count);
    const without = count - new Set(dealt.ofBucket).size;
    return [String(count), share(mostBuckets(dealt)), String(without), share(mostBuckets(shardsOf(count, "moved")))];
  });
  return tableOf(["shards", "rooms on the fullest", "shards without any", "fullest, slots moved"], rows, [0, 1, 2, 3]);
}

function planTable(planned: readonly Planned[]): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const rows = planned.map(({ plan, nodes, shards, outcome }) => [
    plan,
    nodes === null ? "never" : rounded(nodes),
    shards === null ? "never" : rounded(shards),
    `${percent(outcome.cpu.mean)} / ${percent(outcome.cpu.p99)} / ${percent(outcome.cpu.max)}`,
    rounded(outcome.people.max),
    `${Math.round(outcome.memoryMib.max)} MB`,
    percent(outcome.redis.p99),
    percent(outcome.bus),
  ]);
  return tableOf(
    [
      "1 000 000 viewers",
      "nodes",
      "shards",
      "core: mean / p99 / fullest",
      "viewers of a node",
      "memory",
      "fullest Redis",
      "bus",
    ],
    rows,
    [1, 2, 3, 4, 5, 6, 7],
  );
}

function checkTable(figures: Figures): string {
  const rows = checks(figures).map((each) => {
    const error = Math.round(100 * errorOf(each));
    return [
      each.what,
      `${number(each.measured)} ${each.unit}`,
      `${number(each.predicted)} ${each.unit}`,
      `${error > 0 ? "+" : ""}${error} %`,
    ];
  });
  return tableOf(["not fitted to", "measured", "predicted", "error"], rows, [1, 2, 3]);
}

/** Two digits that say something, parted by thousands. */
export function rounded(value: number): string {
  const digits = value < 100 ? value : Number(value.toPrecision(2));
  return String(Math.round(digits)).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** As the formatter of the pages has it. */
function tableOf(head: Cells, rows: readonly Cells[], toTheRight: readonly number[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => cells[column]!.length)));
  const line = (cells: Cells) => {
    const padded = cells.map((cell, at) =>
      toTheRight.includes(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, at) => (toTheRight.includes(at) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
