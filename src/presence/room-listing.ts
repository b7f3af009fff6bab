import type { PresenceBackend } from "./backend.js";
import { parseRoomName } from "./key.js";

/** A room that somebody is in. */
export interface RoomCount {
  /** its presence key */
  readonly key: string;
  readonly people: number;
  /** tabs and devices, those whose grace runs too */
  readonly connections: number;
}

/** The rooms of one tenant, on all nodes, in no order; read a page at a time. */
export async function* listRooms(backend: PresenceBackend, tenant: string): AsyncGenerator<RoomCount> {
  for await (const page of backend.rooms()) {
    for (const { room, people, connections } of page) {
      const name = parseRoomName(room);
      if (name?.tenant === tenant) yield { key: name.key, people, connections };
    }
  }
}
