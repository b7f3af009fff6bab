import type { Contender } from "../contender.js";
import { Line } from "../line.js";

/** Engine.IO 4 and Socket.IO 5, by hand: a connection, and events as `42[…]`. */
export const socketIo: Contender = {
  name: "socket.io",
  program: "socket-io",

  async open(port, { room, id, name }) {
    const line = await Line.open({ port, path: "/socket.io/?EIO=4&transport=websocket" });
    const connected = line.next(
      "socket.io: the answer to a connect",
      (payload) => payload.toString("latin1", 0, 2) === "40",
    );
    line.send("40");
    await connected;
    const person = name === undefined ? null : { id, name, color: "#44aa77" };
    const enter = Line.textFrame(`42${JSON.stringify(["join", room, person])}`);
    const leave = Line.textFrame('42["leave"]');
    return {
      line,
      enter: () => line.write(enter),
      leave: () => line.write(leave),
      point: (x, y) => line.send(`42["move",${x},${y}]`),
    };
  },

  isWelcome: (payload) => payload.toString("latin1", 0, 12) === '42["welcome"',

  tells(payload, { kind, name, count }) {
    const text = payload.toString();
    if (kind === "leave") return text.startsWith('42["left"') && text.endsWith(`,${count}]`);
    return text.startsWith('42["joined"') && text.includes(`"${name}"`) && text.endsWith(`,${count}]`);
  },

  shows(count) {
    const end = `,${count}]`;
    return (payload) => payload.toString("latin1", payload.length - end.length) === end;
  },
};
