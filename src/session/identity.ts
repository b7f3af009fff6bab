import type { Session, User } from "../register.js";

/** Who is at the other end, as the app's own middleware and `identify` say; never the client's word. */
export interface Identity {
  readonly user: User | null;
  readonly session: Session;
  /** the user's id, else an anonymous id of the session or of our own cookie */
  readonly userId: string;
  readonly isAnonymous: boolean;
  readonly tenant: string;
  /** scheme, host and port that the browser knows this server by */
  readonly origin: string;
  /** network address, for limits */
  readonly address: string;
}
