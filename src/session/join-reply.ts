import { eventsOf } from "../event.js";
import type { JoinReply } from "../protocol.js";
import type { Rendered } from "../render/rendered.js";
import type { ViewTrait } from "../view-host.js";
import type { ViewClass } from "./registry.js";
import { RESUME_PURPOSE, type ResumeTicket, type SessionServices } from "./services.js";

interface Joined {
  readonly View: ViewClass;
  readonly traits: readonly ViewTrait[];
  readonly userId: string;
  readonly connectionId: string;
  readonly turn: number;
}

/** What a page is told when it has joined: the whole tree, who it is, and what its traits add. */
export function joinReply(page: Joined, rendered: Rendered, title: string, services: SessionServices): JoinReply {
  const { tokens, limits, templates } = services;
  const ticket: ResumeTicket = { connectionId: page.connectionId, userId: page.userId, turn: page.turn };
  const timing = timingOf(page.View);
  const reply: JoinReply = {
    rendered: templates.wire(rendered),
    statics: templates.staticsOf(rendered),
    user: page.userId,
    connection: page.connectionId,
    resume: tokens.sign(RESUME_PURPOSE, ticket, limits.tokenAgeMs),
    ...(title ? { title } : {}),
    ...(timing ? { timing } : {}),
  };
  return page.traits.reduce<JoinReply>((all, trait) => merged(all, trait.joined?.() ?? {}), reply);
}

function merged(all: JoinReply, more: Partial<JoinReply>): JoinReply {
  const rooms = [...(all.rooms ?? []), ...(more.rooms ?? [])];
  return { ...all, ...more, ...(rooms.length > 0 ? { rooms } : {}) };
}

function timingOf(View: ViewClass): JoinReply["timing"] {
  const timed = [...eventsOf(View).values()].filter(({ options }) => options.throttleMs || options.debounceMs);
  if (timed.length === 0) return undefined;
  return Object.fromEntries(
    timed.map(({ name, options }) => [
      name,
      {
        ...(options.throttleMs ? { throttle: options.throttleMs } : {}),
        ...(options.debounceMs ? { debounce: options.debounceMs } : {}),
      },
    ]),
  );
}
