import { byJoin, fold, type Presence } from "../presence/presence.js";
import { EXIT, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { labelOf, roomName, TENANT_OPTION } from "./room-names.js";
import { printable, shortJson, table } from "./text.js";

export const whoCommand: Command = {
  name: "who",
  words: ["<key>"],
  summary: "list who is in a room",
  more: "Who joined first comes first. Ends with 1 when nobody is there.",
  options: { tenant: TENANT_OPTION },
  run: listPeople,
};

async function listPeople(invocation: Invocation): Promise<Exit> {
  const room = { tenant: textOf(invocation, "tenant") ?? "", key: invocation.words[0]! };
  const name = roomName(room);
  const { backend } = await invocation.open();
  const { connections } = await backend.snapshot(name);
  const folded = fold(new Map(connections.map((each) => [each.connectionId, each])));
  const people = [...folded.values()].toSorted(byJoin);
  const text = people.length > 0 ? tableOf(people) : `Nobody is in ${printable(labelOf(room))}.\n`;
  invocation.print.result(people.map(personFields), text);
  return people.length > 0 ? EXIT.ok : EXIT.failed;
}

/** A person in JSON. */
export function personFields({ id, status, connections, joinedAt, meta, metas }: Presence) {
  return { id, status, connections, joinedAt: timeOf(joinedAt), meta, metas };
}

/** A person without any live connection may still come back. */
function tableOf(people: readonly Presence[]): string {
  return table(
    ["ID", "STATUS", "CONNECTIONS", "JOINED", "META"],
    people.map(({ id, status, connections, joinedAt, meta }) => {
      return [id, connections > 0 ? status : "lost", connections, timeOf(joinedAt), shortJson(meta)];
    }),
  );
}

function timeOf(wallTime: number): string {
  const date = new Date(wallTime);
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString();
}
