import { createHash } from "node:crypto";
import type { RoomEvent, RoomListener, RoomSnapshot } from "../presence/backend.js";
import { NODES_ROOM } from "../presence/backend.js";
import { PresenceNode } from "../presence/node.js";
import { RedisPresenceBackend, type RedisBackendOptions } from "../presence/redis.js";
import { loadScripts } from "../presence/redis-script.js";
import { RedisLink, type RedisLinkOptions } from "../redis/link.js";
import type { RedisScript } from "../redis/script.js";
import type { RedisNodeParts } from "./redis-node.js";

/** Rules that look right and are not: each node part here is the product's with one rule replaced by the naive one. */
export type NaiveRule = keyof typeof NAIVE_PARTS;

/** Sends scripts in which one rule stands replaced. */
function rewriting(rule: string, by: string): Pick<RedisNodeParts, "makeLink"> {
  const scripts = Object.values(loadScripts()).filter(({ text }) => text.includes(rule));
  if (scripts.length === 0) throw new Error(`no script says ${rule}`);
  class RewritingLink extends RedisLink {
    override run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]) {
      const text = script.text.replaceAll(rule, () => by);
      return super.run({ text, sha: createHash("sha1").update(text).digest("hex") }, keys, args);
    }
  }
  return { makeLink: (options: RedisLinkOptions) => new RewritingLink(options) };
}

class EverKnowing extends Map<string, number> {
  override get(): number {
    return Infinity;
  }
}

/** What a snapshot says is so, whoever knows better. */
class BelievingBackend extends RedisPresenceBackend {
  override async snapshot(room: string): Promise<RoomSnapshot> {
    const snapshot = await super.snapshot(room);
    return { ...snapshot, sequences: new EverKnowing(snapshot.sequences) };
  }
}

/** Hears a room only after it has read it. */
class ReadFirstBackend extends RedisPresenceBackend {
  hasRead: () => Promise<unknown> = async () => {};
  readonly #later = new Map<string, RoomListener>();

  override async subscribe(room: string, listener: RoomListener): Promise<() => void> {
    if (room === NODES_ROOM) return super.subscribe(room, listener);
    this.#later.set(room, listener);
    return () => this.#later.delete(room);
  }
  override async snapshot(room: string): Promise<RoomSnapshot> {
    const snapshot = await super.snapshot(room);
    const listener = this.#later.get(room);
    this.#later.delete(room);
    await this.hasRead();
    if (listener) await super.subscribe(room, listener);
    return snapshot;
  }
}

/** Never compares heads. */
class UnauditedBackend extends RedisPresenceBackend {
  override heads(): Promise<readonly string[]> {
    return new Promise(() => {});
  }
}

/** Takes a connection's name for the connection, whosever it was. */
class OwnerlessBackend extends RedisPresenceBackend {
  override subscribe(room: string, listener: RoomListener): Promise<() => void> {
    const owners = new Map<string, string>();
    const changed = (event: RoomEvent) => {
      const removed = event.removed.map((each) => {
        const owner = owners.get(each.connectionId) ?? each.owner;
        return owner === each.owner ? each : { ...each, owner, reason: "closed" as const };
      });
      for (const { connectionId, owner } of event.put) owners.set(connectionId, owner);
      listener.changed({ ...event, removed });
    };
    return super.subscribe(room, { ...listener, changed, published: (text) => listener.published(text) });
  }
}

/** Waits by its own clock for what the store lacks. */
class ImpatientNode extends PresenceNode {
  override get storeTime(): number {
    return this.clock.now();
  }
}

export const NAIVE_PARTS = {
  timeLeases: rewriting("math.min(math.max(passed, 0), tonumber(ARGV[4]))", "math.max(passed, 0)"),
  noNonce: rewriting('"." .. NONCE', '".0"'),
  noSequence: rewriting("tonumber(last) >= tonumber(SEQUENCE)", "false"),
  plainSnapshot: { makeBackend: (link, options) => new BelievingBackend(link, options) },
  readFirst: { makeBackend: (link: RedisLink, options: RedisBackendOptions) => new ReadFirstBackend(link, options) },
  noAudit: { makeBackend: (link, options) => new UnauditedBackend(link, options) },
  noOwner: { makeBackend: (link, options) => new OwnerlessBackend(link, options) },
  localWait: { makeNode: (options) => new ImpatientNode(options) },
} satisfies Readonly<Record<string, Partial<RedisNodeParts>>>;
