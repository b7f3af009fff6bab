import { randomUUID } from "node:crypto";
import { colorFor, defineShared, event, LiveCursorMixin, LiveView, notFound } from "convive";
import type { FormPayload, Output, Presence, PresenceChange } from "convive";
import { z } from "zod";
import { personName } from "../identity.js";
import { openStore } from "../open-store.js";
import { addStroke, EMPTY_BOARD, eraseStrokes, renameBoard, strokesBy } from "./board.js";

const COLORS = ["ink", "red", "orange", "green", "blue", "purple"] as const;
const WIDTHS = ["thin", "medium", "thick"] as const;
const Pen = z.object({ color: z.enum(COLORS), width: z.enum(WIDTHS) }).partial();
const Shape = z.object({
  path: z
    .string()
    .max(20_000)
    .regex(/^M[-\d. ]+(Q[-\d. ]+)*L[-\d. ]+$/),
});

interface Person {
  name: string;
  color: string;
}

const boards = openStore("boards", EMPTY_BOARD);
const board = defineShared({
  key: "whiteboard:{boardId}",
  load: ({ boardId }) => boards.load(boardId),
  on: { draw: addStroke, erase: eraseStrokes, rename: renameBoard },
});

export class WhiteboardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<Person> {
  static override template = "whiteboard";
  static override presenceKey = "whiteboard:{boardId}";

  override pageTitle = "Whiteboard";
  board = this.share(board); // it.board: one frozen value for all who look, rendered once
  name = this.user?.name ?? "Guest";
  colors = COLORS;
  color: (typeof COLORS)[number] = "ink";
  widths = WIDTHS;
  width: (typeof WIDTHS)[number] = "medium";

  override async mount() {
    if (!/^[\w-]{1,64}$/.test(this.params.boardId)) throw notFound();
    await this.trackPresence({ name: this.name, color: colorFor(this.getPresenceUserId()) });
  }

  get canUndo() {
    return strokesBy(this.board.value, this.getPresenceUserId()).length > 0;
  }

  @event(Pen) pick({ color = this.color, width = this.width }: Output<typeof Pen>) {
    Object.assign(this, { color, width });
  }

  @event(Shape) async addShape({ path }: Output<typeof Shape>) {
    const { color, width } = this;
    const stroke = { id: randomUUID(), by: this.getPresenceUserId(), path, color, width };
    await boards.change(this.params.boardId, addStroke, stroke);
    this.board.send("draw", stroke);
    return stroke.id;
  }

  @event undo() {
    return this.erase(strokesBy(this.board.value, this.getPresenceUserId()).slice(-1));
  }

  @event clear() {
    return this.erase(strokesBy(this.board.value, this.getPresenceUserId()));
  }

  private async erase(ids: readonly string[]) {
    await boards.change(this.params.boardId, eraseStrokes, ids);
    this.board.send("erase", ids);
  }

  @event async rename({ title = "" }: FormPayload) {
    await boards.change(this.params.boardId, renameBoard, title);
    this.board.send("rename", title);
  }

  @event async renameMyself({ name }: FormPayload) {
    this.name = personName(name) || this.name;
    this.pushEvent("remember_name", { name: this.name });
    await this.updatePresence({ name: this.name });
  }

  override handlePresenceJoin({ name }: Presence<Person>, { self }: PresenceChange) {
    if (!self) this.pushEvent("flash", { message: `${name} joined` });
  }

  override handlePresenceLeave({ name }: Presence<Person>) {
    this.pushEvent("flash", { message: `${name} left` });
  }
}
