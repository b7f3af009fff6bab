import { type EventRefusal, type Frame, REPLY } from "../src/protocol.js";
import type { Clock } from "./clock.js";
import type { Connection } from "./connection.js";
import { REPLY_MS } from "./limits.js";

export const DISCONNECTED = "DISCONNECTED";

/** A request that failed: the server's code, or `DISCONNECTED`, `TIMEOUT`, `TOO_MANY`. */
export interface PushError extends Error {
  readonly code: string;
  /** the whole answer */
  readonly response: unknown;
}

/** Frames that are answered. Each is sent once; its answer is rejected when the link ends before, or nothing comes. */
export interface Requests {
  /** @throws PushError */
  ask(joinRef: string | null, topic: string, event: string, payload: unknown, ref?: string): Promise<unknown>;
  /** Whether the frame is a reply. */
  answered(frame: Frame): boolean;
  /** Nobody will answer what was asked of this topic. */
  dropped(topic: string): void;
}

interface Reply {
  readonly status?: string;
  readonly response: unknown;
}

export function createRequests({ send, nextRef }: Pick<Connection, "send" | "nextRef">, clock: Clock): Requests {
  const pending = new Map<string | null, (reply: Reply, topic?: string) => void>();
  return {
    ask: (joinRef, topic, event, payload, ref = nextRef()) =>
      new Promise((resolve, reject) => {
        const settle = ({ status, response }: Reply, about = topic) => {
          if (about !== topic) return;
          cancel();
          pending.delete(ref);
          if (status === "ok") resolve(response);
          else reject(failure(response));
        };
        const cancel = clock.after(REPLY_MS, () => settle({ response: { reason: "TIMEOUT" } }));
        pending.set(ref, settle);
        if (!send(joinRef, ref, topic, event, payload)) settle(lost);
      }),
    answered([, ref, , event, payload]) {
      if (event !== REPLY) return false;
      pending.get(ref)?.(payload as Reply);
      return true;
    },
    dropped: (topic) => pending.forEach((settle) => settle(lost, topic)),
  };
}

const lost: Reply = { response: { reason: DISCONNECTED } };

export function failure(response: unknown): PushError {
  const { reason, message } = response as EventRefusal;
  return Object.assign(new Error(message ?? reason), { code: reason, response });
}
