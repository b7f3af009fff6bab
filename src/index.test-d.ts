// What must and must not type-check for a user. Compiled, never run: as the sources' own test, and against the emitted package.
import {
  event,
  LiveCursorMixin,
  LiveView,
  type PresenceManager,
  PresenceMixin,
  TypingMixin,
  type Connection,
  type Presence,
  type Room,
  type RoomChange,
} from "convive";
import type { RawData, WebSocket } from "ws";

interface Person {
  name: string;
  color: string;
}

class TrackingView extends PresenceMixin(LiveView)<Person> {
  static override maxMembers = 4;
  team = this.presenceRoom<Person>("team:{team}", { maxMembers: 8, join: (person) => person.color });
  override handlePresenceJoin(person: Presence<Person>) {
    const texts: (string | undefined)[] = [person.name, person.meta.color, person.metas[0]?.name];
    return void texts;
  }
  track() {
    void this.trackPresence({ name: "a", color: "b" });
    void this.updatePresence({ color: "x" });
    void this.updatePresence((meta) => ({ name: `${meta.name}!` }));
    const isStale: boolean = this.presenceStale || this.presenceRoom("team").presenceStale;
    // @ts-expect-error it is read only
    this.presenceStale = false;
    return isStale;
  }
}

// @ts-expect-error a reserved name
class ReservedNameView extends PresenceMixin(LiveView)<{ id: string; name: string }> {}

// @ts-expect-error a Date is not JSON
class NotJsonView extends PresenceMixin(LiveView)<{ at: Date }> {}

class UnnamedMetaView extends PresenceMixin(LiveView) {
  override handlePresenceJoin(person: Presence) {
    // @ts-expect-error no meta was named
    void person.name;
  }
}

class LateNamedMetaView extends PresenceMixin(LiveView) {
  override handlePresenceJoin(person: Presence<Person>) {
    const name: string = person.name;
    return void name;
  }
}

class WrongMetaView extends PresenceMixin(LiveView)<Person> {
  // @ts-expect-error not the meta of this view
  override handlePresenceJoin(person: Presence<{ age: number }>) {
    void person;
  }
}

class TypingView extends TypingMixin(LiveCursorMixin(LiveView<{ id: string }>)<Person>) {
  override mount() {
    this.startTyping(this.params.id);
    this.stopTyping();
    void this.trackPresence({ name: "", color: "" });
    this.handleCursorMove(1, 2);
    // @ts-expect-error typing names a field
    this.startTyping();
  }
}
void TypingView;

// @ts-expect-error typing needs presence below it
TypingMixin(LiveView);

class TwiceNamedView extends LiveCursorMixin(PresenceMixin(LiveView)<Person>)<Person> {}

class InnerMetaView extends LiveCursorMixin(PresenceMixin(LiveView)<Person>) {
  track() {
    const who: string | undefined = Object.values(this.getCursors())[0]?.meta.name;
    // @ts-expect-error the inner mixin's meta holds
    void this.trackPresence({ wrong: 1 });
    return who;
  }
}

class CursorView extends LiveCursorMixin(LiveView<{ id: string }>)<Person> {
  override mount() {
    const length: number = this.params.id.length;
    void this.trackPresence({ name: "", color: "" });
    this.handleCursorMove(1, 2);
    // @ts-expect-error a misspelt field
    void this.trackPresence({ nme: "" });
    return void length;
  }
}

class EventsView extends LiveView {
  @event plain() {}
  @event record(payload: { id?: string }) {
    return payload.id;
  }
  // @ts-expect-error a bare event is given strings only
  @event date(payload: { at: Date }) {
    return payload.at;
  }
  // @ts-expect-error nothing proves that the field is there
  @event required(payload: { id: string }) {
    return payload.id;
  }
}

interface Nested {
  name: string;
  tags?: string[];
  at?: { line: number };
}
class NestedMetaView extends PresenceMixin(LiveView)<Nested> {}

abstract class GenericView<M extends Person> extends PresenceMixin(LiveView)<Person> {
  lastSeen?: M;
}

async function plainRooms(presence: PresenceManager, socket: WebSocket, own: Connection) {
  const room: Room<Person> = presence.room<Person>("lobby");
  const ada: Presence<Person> = await room.add(socket, { user: "ada", meta: { name: "a", color: "b" } });
  const gone: Presence<Person> | null = await room.remove(own);
  const names: string[] = [ada.name, ...room.presences().map(({ meta }) => meta.color), ...room.users()];
  await room.broadcast({ names, gone, lurkers: room.anonymousCount() }, { except: socket });
  socket.on(
    "message",
    presence.touchPresence((data, isBinary) => {
      const frame: [RawData, boolean] = [data, isBinary];
      return frame;
    }),
  );
  socket.on(
    "close",
    presence.removePresence((code, reason) => {
      const parting: [number, Buffer] = [code, reason];
      return parting;
    }),
  );
  presence.on("change", ({ room: where, added, removed, bulk }: RoomChange<Person>) => {
    const told: [string, string | undefined, boolean] = [where.key, (added ?? removed)?.name, bulk];
    return told;
  });
  presence.on("join", ({ key, person }) => `${key} ${person.id}`);
  // @ts-expect-error a misspelt field
  await room.add(socket, { meta: { nme: "" } });
  // @ts-expect-error nothing can be sent to it
  await room.add({});
  await presence.forTenant("acme").room<Person>("lobby", { maxMembers: 10 }).add(socket, { user: "ada" });
  await presence.joinPresence("lobby", "ada", {}, { maxMembers: 10, ttlMs: 5_000 });
  // @ts-expect-error no number of people
  presence.room("lobby", { maxMembers: "10" });
  // @ts-expect-error a reserved name
  presence.room<{ id: string }>("lobby");
  // @ts-expect-error no such event
  presence.on("changed", () => {});
}

export {
  CursorView,
  EventsView,
  GenericView,
  InnerMetaView,
  LateNamedMetaView,
  NestedMetaView,
  NotJsonView,
  plainRooms,
  ReservedNameView,
  TrackingView,
  TwiceNamedView,
  UnnamedMetaView,
  WrongMetaView,
};
