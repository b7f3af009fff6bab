import type { User } from "../register.js";
import type { RoomMessage } from "./room-message.js";
import type { RoomChange } from "./roster.js";

/** Who comes to a room, and how. */
export interface Visitor {
  readonly tenant: string;
  readonly key: string;
  readonly user: User | null;
  readonly userId: string;
  readonly connectionId: string;
  readonly via: "view" | "channel";
  /** False for an HTTP render: it looks once and leaves no trace. */
  readonly isLasting: boolean;
  /** how many people may be in the room */
  readonly maxMembers?: number | undefined;
}

/** What a visitor hears of a room, as far as it may see it. */
export interface VisitListener {
  changed?(change: RoomChange): void;
  message?(message: RoomMessage): void;
  /** The visitor was told to leave, and may see the room still or not. */
  kicked?(): void;
  /** `isStale` is another now. */
  staleChanged?(): void;
}
