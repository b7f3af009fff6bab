import type { RoomMessage } from "./room-message.js";
import type { RoomChange } from "./roster.js";

/** Hears one room. What one watcher throws is never another's concern. */
export interface RoomWatcher {
  changed?(change: RoomChange): void;
  message?(message: RoomMessage, sender: string): void;
  /** Something may have been missed: what was derived from messages must be loaded anew. */
  missed?(): void;
  /** `isOutOfDate` is another now. */
  staleChanged?(): void;
  /** Everybody of this id is to leave. */
  kicked?(userId: string): void;
}
