// The real thing: an Express app with one page, a board with a bar of people and cursors.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import { convive, defineShared, event, LiveCursorMixin, LiveView } from "../../../src/index.js";
import { obey } from "../server-control.js";

interface Person {
  name: string;
  color: string;
}

const MANY = 1_000_000;
const LONG_MS = 3_600_000;
const SHAPES = 20;

const board = defineShared({
  key: "board:{boardId}",
  load: () => {
    return Array.from({ length: SHAPES }, (_, at) => ({ id: `s${at}`, path: `M${at} 0L9 ${at * 7}`, color: "red" }));
  },
  on: {},
});

class BoardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<Person> {
  static override template = "board";
  static override presenceKey = "board:{boardId}";

  boardId = this.params.boardId;
  shapes = this.share(board);

  override async mount(): Promise<void> {
    // Whoever has no name looks on.
    if (this.user?.name) await this.trackPresence({ name: this.user.name, color: "#44aa77" });
  }
}

/** Something to press, whose every press changes the page. */
class CounterView extends LiveView {
  static override template = "counter";

  count = 0;

  @event increment(): void {
    this.count += 1;
  }
}

/** Who it is stands in two headers: a login is no part of what is measured. */
function identify({ headers }: Pick<IncomingMessage, "headers">) {
  const [id, name] = [headers["x-person"], headers["x-name"]];
  if (typeof id !== "string") return null;
  return { id, name: typeof name === "string" ? name : "" };
}

const { REDIS_URL: url, REDIS_PREFIX: prefix } = process.env;

const app = express();
const live = convive({
  templates: join(import.meta.dirname, "../macro/templates"),
  secret: "a secret of the benchmarks, for nobody",
  mode: "production",
  identify,
  redis: url === undefined ? undefined : { url, prefix },
  limits: {
    // One machine is all the users there are; and pings of one server must not fall into what is measured of another.
    socketsPerAddress: MANY,
    socketsPerUser: MANY,
    eventsPerSecond: MANY,
    eventsBurst: MANY,
    unmountedSocketMs: LONG_MS,
    pingMs: LONG_MS,
    pongDeadlineMs: LONG_MS,
  },
});
app.use(live.middleware());
app.get("/boards/:boardId", live.view(BoardView));
app.get("/counter", live.view(CounterView));
const server = await live.listen(app, 0);

obey((server.address() as AddressInfo).port, { stats: () => live.stats() });
