import type { Clock } from "../clock.js";
import type { Limits } from "../options.js";
import type { PubSub } from "../pubsub/pubsub.js";
import type { Templates } from "../render/template.js";
import type { Tokens } from "../token.js";
import type { Logger } from "../logger.js";
import type { NodeServices } from "../view-host.js";
import type { ShowQueue } from "./show-queue.js";
import type { ViewRegistry } from "./registry.js";

/** What every page of this process works with; made once by the composition root. */
export interface SessionServices {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** development: errors say more */
  readonly isDevelopment: boolean;
  readonly templates: Templates;
  readonly helpers: Readonly<Record<string, unknown>>;
  readonly errorTemplate: string;
  readonly views: ViewRegistry;
  readonly tokens: Tokens;
  readonly topics: PubSub;
  readonly node: NodeServices;
  readonly shows: ShowQueue;
}

/** What a mount token names. */
export interface MountTicket {
  /** the view's name */
  readonly view: string;
  /** id of the view in its page */
  readonly id: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** the route's pattern, when it is a string: other URLs of the same page are matched against it */
  readonly route: string | null;
  readonly userId: string;
}

/** What a resume token names. */
export interface ResumeTicket {
  readonly connectionId: string;
  readonly userId: string;
  /** which of the connection's joins it was given to: each is used once */
  readonly turn: number;
}

export const MOUNT_PURPOSE = "mount";
export const RESUME_PURPOSE = "resume";
