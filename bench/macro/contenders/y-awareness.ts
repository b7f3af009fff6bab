import type { Contender } from "../contender.js";
import { Line } from "../line.js";

const AWARENESS = 1;
const QUERY_AWARENESS = 3;
let clients = 1_000;

/** A client of y-protocols' awareness, by hand. */
export const yAwareness: Contender = {
  name: "y-awareness",
  program: "y-awareness",

  async open(port, { room, id, name }) {
    const line = await Line.open({ port, path: `/${room}` });
    await line.next("y-awareness: the states of the room", yAwareness.isWelcome);
    const client = (clients += 1);
    const query = Line.binaryFrame(varUint(QUERY_AWARENESS));
    const user = { id, name, color: "#44aa77" };
    let clock = 0;
    const state = (value: object | null) => line.write(messageOf(client, (clock += 1), value));
    return {
      line,
      enter: () => (name === undefined ? line.write(query) : state({ user })),
      leave: () => state(null),
      // A client's state is always told as a whole.
      point: (x, y) => state({ user, cursor: [x, y] }),
    };
  },

  /** All states, or the own one. */
  isWelcome: (payload) => payload[0] === AWARENESS,

  tells(payload, { kind, name }) {
    const text = payload.toString("latin1");
    return kind === "leave" ? text.endsWith("null") : text.includes(name);
  },

  /** Of a room that was empty when the line was opened: a message for all states, then one for each who came. */
  shows: (count) => (_, line) => line.frames > count,
};

/** An awareness message with one state: number of states, then client, clock and JSON of each. */
export function messageOf(client: number, clock: number, state: object | null): Buffer {
  const json = Buffer.from(JSON.stringify(state));
  const update = Buffer.concat([varUint(1), varUint(client), varUint(clock), varUint(json.length), json]);
  return Line.binaryFrame(Buffer.concat([varUint(AWARENESS), varUint(update.length), update]));
}

function varUint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
