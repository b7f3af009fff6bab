import { Agent, get } from "node:http";
import { CURSOR, encodeFrame, JOIN, LEAVE, PROTOCOL_VERSION } from "../../../src/protocol.js";
import { ticketOf } from "../../../src/testing/visitor.js";
import type { Contender, Person, Visitor } from "../contender.js";
import { Line } from "../line.js";

const JOIN_REF = "1";
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export const convive: Contender = {
  name: "Convive",
  program: "convive",

  /** As a browser: the page over HTTP, then its socket. */
  async open(port: number, person: Person): Promise<Visitor> {
    return connect(port, person, ticketOf(await fetchPage(port, urlOf(person), headersOf(person))));
  },

  isWelcome(payload) {
    const start = payload.toString("latin1", 0, 120);
    if (!start.startsWith('["1","1"')) return false;
    if (start.includes('"status":"ok"')) return true;
    throw new Error(`The join was refused: ${start}`);
  },

  tells(payload, { kind, name, count }) {
    const text = payload.toString();
    return text.includes('"diff"') && text.includes(`"${count}"`) && (kind === "leave" || text.includes(name));
  },

  shows(count) {
    const value = Buffer.from(`"${count}"`);
    return (payload) => payload.includes(value);
  },
};

/** What a page says of its view. */
export type Ticket = ReturnType<typeof ticketOf>;

/** A socket for a page that is there already: as it is opened first, and as it is opened again. */
export async function connect(port: number, person: Person, { topic, token }: Ticket): Promise<Visitor> {
  const url = urlOf(person);
  const line = await Line.open({ port, path: "/convive/websocket?vsn=2.0.0", headers: headersOf(person) });
  const join = Line.textFrame(encodeFrame([JOIN_REF, JOIN_REF, topic, JOIN, { v: PROTOCOL_VERSION, token, url }]));
  const leave = Line.textFrame(encodeFrame([JOIN_REF, "2", topic, LEAVE, {}]));
  return {
    line,
    enter: () => line.write(join),
    leave: () => line.write(leave),
    point: (x, y) => line.send(encodeFrame([JOIN_REF, null, topic, CURSOR, [x, y]])),
  };
}

export function urlOf({ room }: Person): string {
  return `/boards/${room}`;
}

export function headersOf({ id, name }: Person): Readonly<Record<string, string>> {
  return { "X-Person": id, ...(name === undefined ? {} : { "X-Name": name }) };
}

export function fetchPage(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: "127.0.0.1", path, headers, agent }, (response) => {
      let html = "";
      response.setEncoding("utf8").on("data", (text: string) => (html += text));
      response.on("end", () => resolve(html));
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      // A server may close a connection that rested, in the moment in which it is used again: a browser asks anew, too.
      if (request.reusedSocket && error.code === "ECONNRESET") resolve(fetchPage(port, path, headers));
      else reject(new Error(`${path}: ${error.message}`, { cause: error }));
    });
  });
}
