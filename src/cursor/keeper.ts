import type { Clock, Timer } from "../clock.js";
import type { Pointers } from "./pointers.js";
import type { UserCursor } from "./position.js";

/** Who uses a keeper. */
export interface KeeperOwner {
  readonly clock: Clock;
  readonly pointers: Pointers;
  /** Writes where pointers are and which are gone; false when that could not be. */
  keep(cursors: ReadonlyMap<string, UserCursor>, gone: readonly string[]): Promise<boolean>;
}

const SAVE_MS = 1_000;
/** So long at least, though its connection ends before: the room's list tells who is there. */
export const CONNECTION_KEPT_MS = 3_600_000;
const REFRESH_MS = CONNECTION_KEPT_MS / 2;

/** Keeps where the pointers are that move here, for who asks without taking part: the last position in the end, and one write a second at most. */
export class CursorKeeper {
  readonly #unsaved = new Set<string>();
  readonly #gone = new Set<string>();
  #next: Timer | null = null;
  #refresh: Timer | null = null;
  #savedAt = -Infinity;
  #isSaving = false;
  #isStopped = false;

  constructor(private readonly owner: KeeperOwner) {}

  /** Pointers moved here, or are gone. */
  note(moved: readonly string[], gone: readonly string[]): void {
    for (const id of moved) this.#unsaved.add(id);
    for (const id of gone) this.#gone.add(id);
    this.#saveSoon();
  }

  /** What was kept may be lost. */
  saveAll(): void {
    const { pointers } = this.owner;
    const ours = pointers.ids.filter((id) => pointers.isOurs(id));
    this.note(ours, []);
  }

  /** Resolves when the last is written, or cannot be. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#next?.clear();
    this.#refresh?.clear();
    if (this.#hasNews) await this.#save();
  }

  get #hasNews(): boolean {
    return this.#unsaved.size + this.#gone.size > 0;
  }

  #saveSoon(): void {
    if (!this.#hasNews || this.#next || this.#isSaving || this.#isStopped) return;
    const { clock } = this.owner;
    const waitMs = this.#savedAt + SAVE_MS - clock.now();
    if (waitMs <= 0) return void this.#save();
    this.#next = clock.after(waitMs, () => {
      this.#next = null;
      void this.#save();
    });
  }

  async #save(): Promise<void> {
    const { clock, pointers } = this.owner;
    const cursors = new Map(pointers.entries([...this.#unsaved]));
    const gone = [...this.#gone].filter((id) => !pointers.has(id));
    this.#unsaved.clear();
    this.#gone.clear();
    this.#savedAt = clock.now();
    this.#isSaving = true;
    const isKept = await this.owner.keep(cursors, gone);
    this.#isSaving = false;
    if (!isKept) this.#again([...cursors.keys()], gone);
    if (cursors.size > 0) this.#refreshLater();
    this.#saveSoon();
  }

  /** Of whom the room's list does not say that they are gone. */
  #again(ids: readonly string[], gone: readonly string[]): void {
    const { pointers } = this.owner;
    for (const id of ids) if (pointers.has(id)) this.#unsaved.add(id);
    for (const id of gone) if (pointers.isLive(id)) this.#gone.add(id);
  }

  #refreshLater(): void {
    if (this.#isStopped) return;
    this.#refresh ??= this.owner.clock.after(REFRESH_MS, () => {
      this.#refresh = null;
      this.saveAll();
    });
  }
}
