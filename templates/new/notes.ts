import { defineShared } from "convive";

const kept = new Map<string, readonly string[]>();

function add(notes: readonly string[], text: string): readonly string[] {
  return [...notes, text].slice(-100);
}

/** The notes of each room, in the memory of this process: put your database in the place of the map. */
export function keepNote(roomId: string, text: string): void {
  kept.set(roomId, add(kept.get(roomId) ?? [], text));
}

/** What all pages of a room see: loaded once, changed by everybody. */
export const notes = defineShared({
  key: "room:{roomId}",
  load: ({ roomId }) => kept.get(roomId) ?? [],
  on: { add },
});
