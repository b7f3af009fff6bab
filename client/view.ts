import {
  ATTRIBUTES,
  CLOSE,
  CURSOR,
  CURSORS,
  type CursorsPayload,
  DIFF,
  type DiffPayload,
  ERROR,
  type Frame,
  type JoinReply,
  PATCH_URL,
  PRESENCE_EVENT,
  PUSH,
  type PushPayload,
  REDIRECT,
  STATUS,
  TITLE,
  URL_CHANGED,
  VIEW_TOPIC,
} from "../src/protocol.js";
import { type Channel, type ChannelWorld, createChannel } from "./channel.js";
import { createCursors, type Cursors } from "./cursors.js";
import { createElements, type Elements, type ElementsWorld, type Push } from "./elements.js";
import { createMembership, type Membership, type MembershipWorld } from "./membership.js";
import { hereUrl, leaveFor, showUrl } from "./location.js";
import type { Pace } from "./pace.js";
import { report } from "./report.js";
import { DISCONNECTED, type PushError } from "./requests.js";
import type { Status } from "./status.js";

/** What a view needs of its page. */
export interface ViewWorld extends MembershipWorld, ChannelWorld, ElementsWorld {
  readonly status: () => Status;
}

/** One root element and the view behind it. */
export interface View extends Membership {
  readonly root: Element;
  readonly elements: Elements;
  readonly cursors: Cursors;
  readonly push: Push;
  readonly isJoined: () => boolean;
  heard(frame: Frame): void;
  paceOf(event: string): Pace | undefined;
  tellStatus(status: Status): void;
  /** The page shows another address. */
  urlChanged(): void;
}

export function createView(root: HTMLElement, world: ViewWorld): View {
  const channel = createChannel(VIEW_TOPIC + root.getAttribute(ATTRIBUTES.view), world);
  const { isJoined, tell, hears } = channel;
  const push = createPush(channel);
  const cursors = createCursors(root, (position) => tell(CURSOR, position));
  const elements = createElements(root, world, push);
  let reply: JoinReply | undefined;

  const tellStatus = (status: Status) => tell(STATUS, status);
  const membership = createMembership(root, channel, world, {
    joined(next, before) {
      reply = next;
      elements.joined(reply, before);
      cursors.joined(reply.cursors, reply.connection);
      // A new view takes everybody for active.
      if (before || world.status() !== "active") tellStatus(world.status());
    },
    left() {
      cursors.joined();
      elements.hooks.all("disconnected");
    },
    failed: elements.failed,
  });
  const obey = createObedience(elements, cursors, membership);
  const heard = (frame: Frame) => {
    const [, , topic, event, payload] = frame;
    if (hears(frame)) obey[event]?.(payload as never);
    if (event === CURSORS && topic === reply?.cursors?.room) cursors.heard(payload as CursorsPayload);
    if (event === PRESENCE_EVENT && reply?.rooms?.includes(topic)) elements.pushed(payload as PushPayload);
  };
  const paceOf = (event: string) => reply?.timing?.[event];
  const urlChanged = () => {
    channel.ask(URL_CHANGED, { url: hereUrl() }).catch(({ code }: PushError) => {
      // An address that is not the view's is loaded. After a lost link the join tells it.
      if (code !== DISCONNECTED) location.reload();
    });
  };
  return { ...membership, root, elements, cursors, push, isJoined, heard, paceOf, tellStatus, urlChanged };
}

/** What each event of the server makes a view do. */
function createObedience(
  { patch, pushed }: Elements,
  cursors: Cursors,
  { retry, end }: Membership,
): Readonly<Record<string, (payload: never) => unknown>> {
  return {
    [DIFF]({ d, s }: DiffPayload) {
      try {
        patch.apply(d, s);
      } catch (error) {
        report(error);
        retry();
      }
      cursors.shifted();
    },
    [PUSH]: pushed,
    [TITLE]: ({ title }: { title: string }) => (document.title = title),
    [REDIRECT]: ({ to }: { to: string }) => leaveFor(to),
    [PATCH_URL]: ({ url, replace }: { url: string; replace?: boolean }) => showUrl(url, replace),
    [ERROR]: retry,
    [CLOSE]: end,
  };
}

/** Pushes mark their element until the answer is there. */
function createPush(channel: Channel): Push {
  return async (name, value, element) => {
    const mark = element.getAttribute(ATTRIBUTES.loading) || ATTRIBUTES.loading;
    element.classList.add(mark);
    try {
      return await channel.push({ name, value, target: element.getAttribute("id") });
    } finally {
      element.classList.remove(mark);
    }
  };
}
