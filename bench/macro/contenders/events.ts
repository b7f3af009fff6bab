// Who takes events: a view whose every event changes what it shows, and a bare echo.
import { encodeFrame, EVENT, JOIN, PROTOCOL_VERSION } from "../../../src/protocol.js";
import { ticketOf } from "../../../src/testing/visitor.js";
import { Line } from "../line.js";
import { convive, fetchPage } from "./convive.js";

const JOIN_REF = "1";
const EVENT_REF = "2";
const URL = "/counter";

/** A line with the one event that it sends. */
export interface Sender {
  readonly line: Line;
  readonly event: Buffer;
}

export interface EventContender {
  readonly name: string;
  readonly program: string;
  /** messages that one event is answered with */
  readonly answers: number;
  open(port: number, id: string): Promise<Sender>;
  /** Whether a message is the last answer to an event. */
  isLast(bytes: Buffer, start: number): boolean;
}

/** HTML that shows the change, then the reply. */
export const view: EventContender = {
  name: convive.name,
  program: convive.program,
  answers: 2,

  async open(port, id) {
    const headers = { "X-Person": id };
    const { topic, token } = ticketOf(await fetchPage(port, URL, headers));
    const line = await Line.open({ port, path: "/convive/websocket?vsn=2.0.0", headers });
    const joined = line.next("the answer to a join", convive.isWelcome);
    line.send(encodeFrame([JOIN_REF, JOIN_REF, topic, JOIN, { v: PROTOCOL_VERSION, token, url: URL }]));
    await joined;
    const press = { name: "increment", value: {} };
    return { line, event: Line.textFrame(encodeFrame([JOIN_REF, EVENT_REF, topic, EVENT, press])) };
  },

  /** `["1","2",…` is a reply, `[null,…` a change. */
  isLast: (bytes, start) => bytes[start + 1] !== "n".charCodeAt(0),
};

export const echo: EventContender = {
  name: "ws echo",
  program: "echo",
  answers: 1,

  async open(port) {
    const line = await Line.open({ port, path: "/" });
    const press = { name: "increment", value: {} };
    return { line, event: Line.textFrame(encodeFrame([JOIN_REF, EVENT_REF, "lv:counter", EVENT, press])) };
  },

  isLast: () => true,
};
