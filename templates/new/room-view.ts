import { colorFor, event, LiveCursorMixin, LiveView, type Output, type Presence, type PresenceChange } from "convive";
import { z } from "zod";
import { keepNote, notes } from "./notes.js";

interface Person {
  name: string;
  color: string;
}

const Name = z.object({ name: z.string().trim().min(1).max(40) });
const Note = z.object({ text: z.string().trim().min(1).max(500) });

export class RoomView extends LiveCursorMixin(LiveView<{ roomId: string }>)<Person> {
  static override template = "room";
  static override presenceKey = "room:{roomId}";

  notes = this.share(notes);
  override pageTitle = this.params.roomId;

  override async mount() {
    const id = this.getPresenceUserId();
    const name = `Guest ${id.replace(/[^a-z0-9]/gi, "").slice(-3)}`;
    await this.trackPresence({ name, color: colorFor(id) });
  }

  @event(Name) rename({ name }: Output<typeof Name>) {
    return this.updatePresence({ name });
  }

  @event(Note) note({ text }: Output<typeof Note>) {
    keepNote(this.params.roomId, text);
    this.notes.send("add", text);
  }

  override handlePresenceJoin({ name }: Presence<Person>, { self }: PresenceChange) {
    if (!self) this.pushEvent("flash", { message: `${name} joined` });
  }

  override handlePresenceLeave({ name }: Presence<Person>) {
    this.pushEvent("flash", { message: `${name} left` });
  }
}
