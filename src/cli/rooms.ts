import { parseIncarnation, type RoomSummary } from "../presence/backend.js";
import { TTL_OWNER } from "../presence/presence.js";
import { EXIT, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { byLabel, namedRoom, roomFields, TENANT_OPTION, type NamedRoom } from "./room-names.js";
import { counted, table } from "./text.js";

interface Row extends NamedRoom {
  readonly people: number;
  readonly connections: number;
  readonly nodes: number;
}

export const roomsCommand: Command = {
  name: "rooms",
  words: [],
  summary: "list the rooms that somebody is in",
  more: "Rooms of all tenants are listed unless --tenant names one. Ends with 1 when there is no room.",
  options: {
    tenant: { ...TENANT_OPTION, help: "only rooms of this tenant" },
    user: { type: "string", value: "ID", help: "only rooms that this user is in" },
  },
  run: listRooms,
};

async function listRooms(invocation: Invocation): Promise<Exit> {
  const { print } = invocation;
  const tenant = textOf(invocation, "tenant");
  const { backend } = await invocation.open();
  const rows: Row[] = [];
  for await (const page of backend.rooms(textOf(invocation, "user"))) {
    const found = page.map(rowOf).filter((row) => tenant === undefined || row.tenant === tenant);
    rows.push(...found);
    print.progress(`${counted(rows.length, "room")} …`);
  }
  rows.sort((a, b) => b.people - a.people || byLabel(a, b));
  print.result(
    rows.map(({ people, connections, nodes, ...room }) => ({ ...roomFields(room), people, connections, nodes })),
    rows.length > 0 ? tableOf(rows) : "There is no such room with anybody in it.\n",
  );
  return rows.length > 0 ? EXIT.ok : EXIT.failed;
}

function rowOf({ room, people, connections, owners }: RoomSummary): Row {
  return { ...namedRoom(room), people, connections, nodes: processesOf(owners.keys()).size };
}

/** The processes of these incarnations. */
export function processesOf(owners: Iterable<string>): Set<string> {
  const nodes = [...owners].filter((owner) => owner !== TTL_OWNER);
  return new Set(nodes.map((owner) => parseIncarnation(owner).process));
}

function tableOf(rows: readonly Row[]): string {
  const hasTenants = rows.some(({ tenant }) => tenant !== "");
  const heads = ["KEY", ...(hasTenants ? ["TENANT"] : []), "PEOPLE", "CONNECTIONS", "NODES"];
  return table(
    heads,
    rows.map(({ key, tenant, people, connections, nodes }) => {
      return [key, ...(hasTenants ? [tenant] : []), people, connections, nodes];
    }),
  );
}
