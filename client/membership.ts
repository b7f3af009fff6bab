import { ATTRIBUTES, type JoinPayload, type JoinReply, PROTOCOL_VERSION } from "../src/protocol.js";
import type { Channel } from "./channel.js";
import { type Clock, createPauses, createTimer } from "./clock.js";
import { countReloads, hereUrl, leaveFor, reloadStale } from "./location.js";
import { report } from "./report.js";
import { DISCONNECTED, type PushError } from "./requests.js";

/** What another try on the same link would not change. */
const FINAL = /^(stale|un|forb|not|too)/;
const REFUSED = "data-live-error";

export interface MembershipWorld {
  readonly clock: Clock;
  readonly random: () => number;
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

export function createMembership(root: Element, channel: Channel, world: MembershipWorld, owner: MembershipOwner) {
  const timer = createTimer(world.clock);
  const pauseMs = createPauses(world.clock, world.random);
  let reply: JoinReply | undefined;
  let [isSettled, isEnded] = [false, false];

  const settle = (refusal: string) => {
    showRefusal(root, refusal);
    isSettled = true;
    world.changed();
  };
  const join = async () => {
    timer();
    if (isEnded) return;
    try {
      const next = await channel.join(joinPayload(root, reply));
      owner.joined(next, reply);
      reply = next;
      countReloads(() => 0);
      settle("");
    } catch (error) {
      refused(error as PushError);
    }
  };
  const dropped = () => {
    timer();
    isSettled = isEnded;
    if (channel.isJoined()) owner.left();
    channel.dropped();
  };
  const retry = () => {
    dropped();
    timer(pauseMs(), join);
    world.changed();
  };
  const refused = (error: PushError) => {
    const { reason = "", html } = refusalOf(error);
    if (leaves(error, world)) return;
    if (html) owner.failed(html);
    if (FINAL.test(reason)) return settle(reason);
    report(error);
    retry();
  };
  const end = () => {
    isEnded = true;
    dropped();
    settle("closed");
  };
  return { isSettled: () => isSettled, join, dropped, retry, end } satisfies Membership;
}

function refusalOf({ response }: PushError): Partial<Record<string, string>> {
  return response ?? {};
}

/** Whether there is nothing left to do here: the page is on its way to another, or the link is gone. */
function leaves(error: PushError, { clock, random }: MembershipWorld): boolean {
  const { reason, to } = refusalOf(error);
  if (to) leaveFor(to);
  return !!to || reason === DISCONNECTED || (reason === "stale" && reloadStale(clock, random));
}

function joinPayload(root: Element, reply: JoinReply | undefined): JoinPayload {
  const token = root.getAttribute(ATTRIBUTES.token)!;
  return { v: PROTOCOL_VERSION, token, url: hereUrl(), resume: reply?.resume };
}

function showRefusal(root: Element, refusal: string): void {
  if (refusal) root.setAttribute(REFUSED, refusal);
  else root.removeAttribute(REFUSED);
}
