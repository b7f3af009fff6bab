import { randomUUID } from "node:crypto";
import { DEFAULT_LIMITS } from "../options.js";
import { checkKey } from "../presence/key.js";
import { checkUserId } from "../presence/meta.js";
import { giveOrder } from "../presence/kicking.js";
import { EXIT, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { byLabel, labelOf, namedRoom, roomFields, TENANT_OPTION, type NamedRoom } from "./room-names.js";
import { printable } from "./text.js";

export const kickCommand: Command = {
  name: "kick",
  words: ["<user>"],
  summary: "end a user's pages and presences, on every node within a second",
  more: [
    "As presence.disconnectUser() does: sockets are closed, members without one are removed.",
    "authorizePresence decides whether they may come back. Ends with 1 when the user was in no room;",
    "the order is given all the same, since a page need not be in one.",
  ].join("\n"),
  options: {
    tenant: TENANT_OPTION,
    key: { type: "string", value: "KEY", help: "their part in this room only" },
  },
  run: kick,
};

async function kick(invocation: Invocation): Promise<Exit> {
  const userId = invocation.words[0]!;
  const tenant = textOf(invocation, "tenant") ?? "";
  const key = textOf(invocation, "key") ?? null;
  checkUserId(userId);
  if (key !== null) checkKey(key, DEFAULT_LIMITS.presenceKeyBytes);
  const { backend } = await invocation.open();
  const rooms: NamedRoom[] = [];
  for await (const page of backend.rooms(userId)) {
    const named = page.map(({ room }) => namedRoom(room));
    rooms.push(...named.filter((room) => room.tenant === tenant && (key === null || room.key === key)));
  }
  const order = { id: randomUUID(), userId, tenant, key };
  await giveOrder(backend, order);
  rooms.sort(byLabel);
  const where = rooms.map((room) => printable(labelOf(room))).join(", ");
  invocation.print.result(
    { user: userId, rooms: rooms.map(roomFields) },
    rooms.length > 0
      ? `${printable(userId)} was in ${where}; every node has the order.\n`
      : `${printable(userId)} was in no such room; every node has the order all the same.\n`,
  );
  return rooms.length > 0 ? EXIT.ok : EXIT.failed;
}
