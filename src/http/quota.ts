/** Counts what each holder has, up to a limit. */
export class Quota {
  readonly #counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** False when the holder has all it may have; else it is to be given back once. */
  take(holder: string): boolean {
    const count = this.#counts.get(holder) ?? 0;
    if (count >= this.limit) return false;
    this.#counts.set(holder, count + 1);
    return true;
  }

  giveBack(holder: string): void {
    const left = (this.#counts.get(holder) ?? 0) - 1;
    if (left > 0) this.#counts.set(holder, left);
    else this.#counts.delete(holder);
  }
}
