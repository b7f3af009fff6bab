import type { Cache } from "./cursor/cache.js";
import type { PresenceBackend } from "./presence/backend.js";
import type { PubSub } from "./pubsub/pubsub.js";

/** Where nodes keep what they share: rooms, topics, and where cursors were. One that spans processes makes many nodes one app. */
export interface Store {
  readonly presence: PresenceBackend;
  readonly topics: PubSub;
  readonly cursors: Cache;
  /** Settles when the store can be used, or with an error that says why not yet. */
  readonly opened: Promise<void>;
}
