// What must and must not type-check for a user. Compiled, never run: as the sources' own test, and against the emitted package.
import { event, LiveCursorMixin, LiveView, PresenceMixin, type Presence } from "convive";

interface Person {
  name: string;
  color: string;
}

class TrackingView extends PresenceMixin(LiveView)<Person> {
  override handlePresenceJoin(person: Presence<Person>) {
    const texts: (string | undefined)[] = [person.name, person.meta.color, person.metas[0]?.name];
    return void texts;
  }
  track() {
    void this.trackPresence({ name: "a", color: "b" });
    void this.updatePresence({ color: "x" });
    void this.updatePresence((meta) => ({ name: `${meta.name}!` }));
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

export {
  CursorView,
  EventsView,
  GenericView,
  InnerMetaView,
  LateNamedMetaView,
  NestedMetaView,
  NotJsonView,
  ReservedNameView,
  TrackingView,
  TwiceNamedView,
  UnnamedMetaView,
  WrongMetaView,
};
