import { ConviveError } from "../errors.js";

/** What a room of a place of its own allows. */
export interface RoomOptions {
  /** how many people may be in it, each counted once; more are refused with PRESENCE_ROOM_FULL */
  readonly maxMembers?: number | undefined;
}

/** @throws ConviveError OPTION_INVALID */
export function checkMaxMembers(maxMembers: number | undefined): void {
  if (maxMembers === undefined || (Number.isSafeInteger(maxMembers) && maxMembers > 0)) return;
  throw new ConviveError("OPTION_INVALID", `maxMembers is a whole number above 0, not ${String(maxMembers)}.`);
}

export function roomFull(key: string, maxMembers: number): ConviveError {
  return new ConviveError(
    "PRESENCE_ROOM_FULL",
    `The room ${JSON.stringify(key)} takes ${maxMembers} ${maxMembers === 1 ? "person" : "people"} and is full: catch this error to let the visitor look on, or offer another room.`,
    { status: 409, details: { key, maxMembers } },
  );
}

/** Whether one more person finds a seat among those who have one; who has one needs no other. */
export function hasSeat(seated: ReadonlySet<string>, userId: string, maxMembers: number): boolean {
  return seated.has(userId) || seated.size < maxMembers;
}
