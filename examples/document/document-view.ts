import { randomUUID } from "node:crypto";
import { CaretMixin, colorFor, defineShared, event, LiveView, notFound, PresenceMixin } from "convive";
import { z } from "zod";
import { openStore } from "../open-store.js";
import { addParagraph, type Paragraph, removeParagraph, writeParagraph } from "./paragraphs.js";

interface Author {
  name: string;
  color: string;
  /** the paragraph that has the author's focus */
  editing: string | null;
}

const Place = z.object({ id: z.string() });
const Text = Place.extend({ text: z.string() });

const documents = openStore<readonly Paragraph[]>("documents", [{ id: "first", text: "" }]);
const paragraphs = defineShared({
  key: "document:{documentId}",
  load: ({ documentId }) => documents.load(documentId),
  on: { add: addParagraph, write: writeParagraph, remove: removeParagraph },
});

/** Of two who write in one paragraph at once the last one wins; who writes where is there to be seen. */
export class DocumentView extends CaretMixin(PresenceMixin(LiveView<{ documentId: string }>)<Author>) {
  static override template = "document";
  static override presenceKey = "document:{documentId}";

  paragraphs = this.share(paragraphs);
  override pageTitle = `Document: ${this.params.documentId}`;

  override async mount() {
    if (!/^[\w-]{1,64}$/.test(this.params.documentId)) throw notFound();
    const color = colorFor(this.getPresenceUserId());
    await this.trackPresence({ name: this.user?.name ?? "Guest", color, editing: null });
  }

  @event(Place) focus({ id }: z.output<typeof Place>) {
    return this.updatePresence({ editing: id });
  }

  @event blur() {
    return this.updatePresence({ editing: null });
  }

  @event(Text) async write(paragraph: z.output<typeof Text>) {
    await documents.change(this.params.documentId, writeParagraph, paragraph);
    this.paragraphs.send("write", paragraph);
  }

  @event async add() {
    const id = randomUUID();
    await documents.change(this.params.documentId, addParagraph, id);
    this.paragraphs.send("add", id);
  }

  @event(Place) async remove({ id }: z.output<typeof Place>) {
    await documents.change(this.params.documentId, removeParagraph, id);
    this.paragraphs.send("remove", id);
  }
}
