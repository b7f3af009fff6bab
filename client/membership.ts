import { ATTRIBUTES, type JoinPayload, type JoinReply, PROTOCOL_VERSION } from "../src/protocol.js";
import type { Channel } from "./channel.js";
import { type Clock, createPauses, createTimer } from "./clock.js";
import { countReloads, hereUrl, leaveFor, reloadStale } from "./location.js";
import { report } from "./report.js";
import { DISCONNECTED, type PushError } from "./requests.js";

/** What another try on the same link would not change. */
const FINAL = /^(stale|un|forb|not|too)/;

export interface MembershipWorld {
  readonly clock: Clock;
  /** A view was joined, refused or lost. */
  readonly changed: () => void;
}

export interface MembershipOwner {
  joined(reply: JoinReply, before: JoinReply | undefined): void;
  left(): void;
  /** The view could not be mounted; its page of the error. */
  failed(html: string): void;
}

/** Whether a view is joined, and what is done to get there. */
export interface Membership {
  /** The page waits for nothing: joined, or refused for good. */
  isSettled(): boolean;
  join(): void;
  /** The link is gone. */
  dropped(): void;
  /** Joins anew, after a pause that grows while it does not help. */
  retry(): void;
  /** The server wants to hear no more of this view. */
  end(): void;
}

export function createMembership(root: HTMLElement, channel: Channel, world: MembershipWorld, owner: MembershipOwner) {
  const { clock, changed } = world;
  const timer = createTimer(clock);
  const pauseMs = createPauses(clock);
  let reply: JoinReply | undefined;
  let [isEnded, isRefused] = [false, false];

  const join = async () => {
    timer();
    if (isEnded) return;
    try {
      const next = await channel.join(joinPayload(root, reply));
      delete root.dataset["liveError"];
      owner.joined(next, reply);
      reply = next;
      countReloads(() => 0);
      changed();
    } catch (error) {
      refused(error as PushError);
    }
  };
  const dropped = () => {
    timer();
    isRefused = isEnded;
    if (channel.isJoined()) owner.left();
    channel.dropped();
  };
  const retry = () => {
    dropped();
    timer(pauseMs(), join);
    changed();
  };
  const refused = (error: PushError) => {
    const { reason = "failed", to, html } = (error.response ?? {}) as Partial<Record<string, string>>;
    if (reason === DISCONNECTED || to || (reason === "stale" && reloadStale(clock))) return leaveFor(to);
    root.dataset["liveError"] = reason;
    if (html) owner.failed(html);
    isRefused = FINAL.test(reason);
    if (isRefused) return changed();
    report(error);
    retry();
  };
  const end = () => {
    isEnded = true;
    root.dataset["liveError"] = "closed";
    dropped();
    changed();
  };
  return { isSettled: () => isRefused || channel.isJoined(), join, dropped, retry, end } satisfies Membership;
}

function joinPayload(root: HTMLElement, reply: JoinReply | undefined): JoinPayload {
  const token = root.getAttribute(ATTRIBUTES.token)!;
  return { v: PROTOCOL_VERSION, token, url: hereUrl(), resume: reply?.resume };
}
