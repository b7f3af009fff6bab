import type { MarkupReading, SlotKind } from "./markup.js";
import type { CodePart, Part } from "./parts.js";
import type { TemplateStatics } from "./rendered.js";

/** What the code of a template does, in order. */
export type Instruction =
  | { readonly type: "print"; readonly segment: number; readonly slots: readonly CodePart[] }
  /** an expression that a later tag closes: printed when it has its value */
  | { readonly type: "open"; readonly segment: number; readonly part: CodePart }
  /** `output` is the segment that its `output(…)` prints to */
  | { readonly type: "run"; readonly part: CodePart; readonly output: number | null };

export interface Segmented {
  readonly statics: TemplateStatics;
  readonly instructions: readonly Instruction[];
  /** per block: whether there may be several passes through it within one pass of the block around it */
  readonly loops: readonly boolean[];
}

interface Draft {
  strings: string[];
  block: number;
  kinds: string;
  slots: CodePart[];
}

const LOOPS = new Set(["for", "while", "do", "function", "=>"]);

/** The part where the braces of the code do not add up, or null when they do; without that its blocks are not known. */
export function unevenBrace(parts: readonly Part[]): { readonly part: CodePart; readonly message: string } | null {
  const open: CodePart[] = [];
  for (const part of parts) {
    if (part.type === "text" || !part.branching) continue;
    for (let i = 0; i < part.branching.closes; i++) {
      if (!open.pop()) return { part, message: "this } closes nothing" };
    }
    for (let i = 0; i < part.branching.opens; i++) open.push(part);
  }
  return open.length > 0 ? { part: open.at(-1)!, message: "this { is never closed" } : null;
}

/** Cuts a template into its segments, each in its block. */
export function cutSegments(parts: readonly Part[], { begins, kinds }: MarkupReading, hasBlocks: boolean): Segmented {
  const cutter = new Cutter(hasBlocks);
  parts.forEach((part, index) => cutter.take(part, begins[index]!, kinds[index]!));
  return cutter.finish();
}

class Cutter {
  readonly #drafts: Draft[] = [];
  readonly #instructions: Instruction[] = [];
  readonly #parents = [-1];
  readonly #loops: boolean[];
  readonly #open = [0];
  #run: Draft | null = null;

  constructor(private readonly hasBlocks: boolean) {
    this.#loops = [!hasBlocks];
  }

  take(part: Part, begins: SlotKind, kind: SlotKind): void {
    if (part.type === "text") this.#straight(begins).strings.push((this.#run!.strings.pop() ?? "") + part.text);
    else if (!part.branching) this.#slot(this.#straight(begins), part, kind);
    else this.#code(part, begins, kind);
  }

  finish(): Segmented {
    this.#endRun();
    const kept = this.#keptBlocks();
    const segments = this.#drafts.map(({ strings }) => strings);
    const blocks = this.#drafts.map(({ block }) => kept.indexOf(this.#around(kept, block)));
    const parents = kept.map((block) => (block === 0 ? -1 : kept.indexOf(this.#around(kept, this.#parents[block]!))));
    const statics = [segments, blocks, parents, this.#drafts.map(({ kinds }) => kinds)] as const;
    return { statics, instructions: this.#instructions, loops: kept.map((block) => this.#mayRepeat(kept, block)) };
  }

  #straight(begins: SlotKind): Draft {
    this.#run ??= { strings: [""], block: this.#open.at(-1)!, kinds: begins, slots: [] };
    return this.#run;
  }

  #slot(draft: Draft, part: CodePart, kind: SlotKind): void {
    draft.slots.push(part);
    draft.kinds += kind;
    draft.strings.push("");
  }

  #endRun(): void {
    const run = this.#run;
    this.#run = null;
    if (run) this.#instructions.push({ type: "print", segment: this.#drafts.push(run) - 1, slots: run.slots });
  }

  #code(part: CodePart, begins: SlotKind, kind: SlotKind): void {
    this.#endRun();
    if (part.type === "exec") {
      const prints = part.tokens.some(({ kind: of, text }) => of === "name" && text === "output");
      const output = prints ? this.#lone(begins, begins === "t" ? "h" : begins) : null;
      this.#instructions.push({ type: "run", part, output });
    } else this.#instructions.push({ type: "open", segment: this.#lone(begins, kind), part });
    if (this.hasBlocks) this.#enter(part);
  }

  /** A segment of one slot and no text. */
  #lone(begins: SlotKind, kind: SlotKind): number {
    return this.#drafts.push({ strings: ["", ""], block: this.#open.at(-1)!, kinds: begins + kind, slots: [] }) - 1;
  }

  #enter({ branching, tokens }: CodePart): void {
    const { closes, opens } = branching!;
    this.#open.length -= closes;
    const repeats = tokens.some(({ text, kind }) => (kind === "name" || kind === "mark") && LOOPS.has(text));
    for (let i = 0; i < opens; i++) {
      const block = this.#parents.push(this.#open.at(-1)!) - 1;
      this.#loops.push(repeats);
      this.#open.push(block);
    }
  }

  /** A block without a segment of its own tells nothing of its passes: what is in it belongs to the block around it. */
  #keptBlocks(): number[] {
    const own = new Set(this.#drafts.map(({ block }) => block));
    return this.#parents.map((_, block) => block).filter((block) => block === 0 || own.has(block));
  }

  #around(kept: readonly number[], block: number): number {
    while (!kept.includes(block)) block = this.#parents[block]!;
    return block;
  }

  #mayRepeat(kept: readonly number[], block: number): boolean {
    for (let at = block; ; at = this.#parents[at]!) {
      if (this.#loops[at]) return true;
      const parent = this.#parents[at]!;
      if (parent < 0 || kept.includes(parent)) return false;
    }
  }
}
