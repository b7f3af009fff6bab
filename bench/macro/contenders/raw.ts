import type { Contender } from "../contender.js";
import { Line } from "../line.js";

/** `ws.send` of the same bytes to each; `server.ask("say", join, leave)` tells which, `server.ask("batch", true)` to gather for 50 ms. */
export const raw: Contender = {
  name: "raw ws.send",
  program: "raw",

  async open(port, { room, id, name }) {
    const line = await Line.open({ port, path: "/raw" });
    const enter = Line.textFrame(JSON.stringify(["enter", room, name === undefined ? null : { id, name }]));
    const leave = Line.textFrame(JSON.stringify(["leave"]));
    return {
      line,
      enter: () => line.write(enter),
      leave: () => line.write(leave),
      point: (x, y) => line.send(`["move",${x},${y}]`),
    };
  },

  isWelcome: (payload) => payload.toString("latin1", 0, 11) === '{"welcome":',

  /** It says what it was given to say. */
  tells: (payload) => payload.toString("latin1", 0, 11) !== '{"welcome":',

  shows(count) {
    const end = `"count":${count}}`;
    return (payload) => payload.toString("latin1", payload.length - end.length) === end;
  },
};
