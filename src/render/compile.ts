import { Script } from "node:vm";
import { escapeValue, rawValue } from "./escape.js";
import type { CodePart } from "./parts.js";
import { lineAt } from "./parts.js";
import type { Instruction, Segmented } from "./segments.js";
import { syntaxError, type TemplateSource } from "./template-errors.js";

/** Segment numbers and their values, as a template prints them. */
export type PrintedOps = unknown[];

/** What `layout()` and `block()` leave behind in one rendering. */
export interface LayoutCall {
  name: string | null;
  data: object | undefined;
  readonly blocks: Record<string, unknown>;
}

/** What the code of a template calls. */
export interface TemplateServices {
  include(name: string, it: object, data: object | undefined): unknown;
  /** Makes a rendering of what was printed inside `capture` or `block`. */
  captured(ops: PrintedOps): unknown;
  failed(error: unknown, line: number): never;
}

/** Prints into `ops`. */
export type RunTemplate = (it: object, ops: PrintedOps, layout: LayoutCall | null) => void;

export interface CompiledCode {
  readonly run: RunTemplate;
  readonly usesLayout: boolean;
}

type Make = (
  escape: typeof escapeValue,
  raw: (value: unknown) => unknown,
  services: TemplateServices,
  block: typeof printBlock,
) => RunTemplate;

/** After these a statement may not begin. */
const CONTINUES = new Set(["case", "default", "else", "catch", "finally", "while", ")", ".", "?.", ",", "]", ":"]);

/**
 * Turns the instructions of a template into a function. Names that begin with `$` and one letter are its own:
 * `$o` ops, `$l` line, `$e` escape, `$h` raw HTML.
 */
export function compileCode(
  source: TemplateSource,
  { instructions }: Segmented,
  services: TemplateServices,
  isTree: (value: unknown) => boolean,
): CompiledCode {
  const names = namesOf(instructions);
  const raw = (value: unknown) => (isTree(value) ? value : rawValue(value));
  const make = makeFunction(source, instructions, names);
  const usesLayout = names.has("layout") || names.has("block");
  return { run: make(escapeValue, raw, services, printBlock), usesLayout };
}

function namesOf(instructions: readonly Instruction[]): Set<string> {
  const names = new Set<string>();
  for (const part of instructions.flatMap(partsOf)) {
    for (const { kind, text } of part.tokens) if (kind === "name") names.add(text);
  }
  return names;
}

function partsOf(instruction: Instruction): readonly CodePart[] {
  return instruction.type === "print" ? instruction.slots : [instruction.part];
}

function makeFunction(source: TemplateSource, instructions: readonly Instruction[], names: ReadonlySet<string>): Make {
  let failure: unknown;
  // Statements that note the line cannot stand between some tags (`switch (x) {` and `case`): then it goes without them.
  for (const notesLines of [true, false]) {
    const code = new CodeWriter(source, notesLines).write(instructions, names);
    try {
      return new Script(code.text, { filename: source.file ?? source.name }).runInThisContext() as Make;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      failure ??= syntaxError(source, code.templateLine(error), explain(error, names), error);
    }
  }
  throw failure;
}

function explain({ message }: SyntaxError, names: ReadonlySet<string>): string {
  return names.has("await") ? `${message}. Templates are synchronous: load data in mount()` : message;
}

class CodeWriter {
  #lines: string[] = [];
  /** per generated line the template's */
  #from: number[] = [];
  #knownLine = 0;
  /** a statement may begin here */
  #isBetween = true;

  constructor(
    private readonly source: TemplateSource,
    private readonly notesLines: boolean,
  ) {}

  get text(): string {
    return this.#lines.join("\n");
  }

  /** The line of the template that a syntax error of the whole code is about; 0 when it does not say. */
  templateLine({ stack = "" }: SyntaxError): number {
    const line = Number(/:(\d+)\n/.exec(stack)?.[1] ?? 0);
    return this.#from[line - 1] || (this.#from.at(-1) ?? 0);
  }

  write(instructions: readonly Instruction[], names: ReadonlySet<string>): this {
    this.#add("(function ($e, $h, $s, $b) { return function (it, $o, $y) { let $l = 0;", 0);
    this.#add(prologue(instructions, names), 0);
    this.#add("try {", 0);
    for (const instruction of instructions) this.#instruction(instruction);
    this.#add("} catch ($x) { $s.failed($x, $l); } } })", this.#from.at(-1)!);
    return this;
  }

  #add(code: string, line: number): void {
    for (const [index, text] of code.split("\n").entries()) {
      this.#lines.push(text);
      this.#from.push(line === 0 ? 0 : line + index);
    }
  }

  #instruction(instruction: Instruction): void {
    if (instruction.type === "print") this.#print(instruction.segment, instruction.slots);
    else if (instruction.type === "open") this.#open(instruction.segment, instruction.part);
    else this.#run(instruction.part, instruction.output);
  }

  #print(segment: number, slots: readonly CodePart[]): void {
    this.#add(`$o.push(${segment}`, this.#from.at(-1)!);
    for (const part of slots) {
      const line = lineAt(this.source.text, part.at);
      const note = line === this.#knownLine ? "" : `$l = ${line},`;
      this.#knownLine = line;
      this.#add(`, ${part.type === "raw" ? "$h" : "$e"}((${note}`, line);
      this.#add(part.tokens.length === 0 ? "undefined" : part.code, line);
      this.#add("))", line);
    }
    this.#add(");", this.#from.at(-1)!);
    this.#isBetween = true;
  }

  #open(segment: number, part: CodePart): void {
    const line = this.#note(part);
    this.#add(`$v.s${segment} =`, line);
    this.#add(part.code, line);
    this.#isBetween = false;
  }

  #run(part: CodePart, output: number | null): void {
    const line = this.#note(part);
    this.#add(output === null ? part.code : withOutput(part, output), line);
    this.#isBetween = /[{};]/.test(part.tokens.at(-1)?.text ?? ";");
  }

  #note(part: CodePart): number {
    const line = lineAt(this.source.text, part.at);
    const canBegin = this.#isBetween && !CONTINUES.has(part.tokens[0]?.text ?? "");
    if (this.notesLines && canBegin) this.#add(`$l = ${line};`, line);
    this.#knownLine = 0;
    return line;
  }
}

/** Sends `output(…)` to its segment; only a call can say which. */
function withOutput({ code, tokens }: CodePart, segment: number): string {
  let text = code;
  for (const [index, { kind, text: name, at }] of [...tokens.entries()].reverse()) {
    const paren = tokens[index + 1];
    if (kind !== "name" || name !== "output" || paren?.text !== "(" || isProperty(tokens[index - 1]?.text)) continue;
    text = `${text.slice(0, at)}$p(${segment}, ${text.slice(paren.at + 1)}`;
  }
  return text;
}

function isProperty(before: string | undefined): boolean {
  return before === "." || before === "?.";
}

/** What the code of this template may call, and no more: each is a closure per rendering. */
function prologue(instructions: readonly Instruction[], names: ReadonlySet<string>): string {
  const lines: string[] = [];
  if (names.has("include")) lines.push("const include = ($n, $d) => $s.include($n, it, $d);");
  if (names.has("layout")) lines.push("const layout = ($n, $d) => { $y.name = $n; $y.data = $d; };");
  if (names.has("capture") || names.has("block")) {
    lines.push(
      "const capture = ($f) => { const $k = $o; $o = []; try { $f(); return $s.captured($o); } finally { $o = $k; } };",
    );
  }
  if (names.has("block")) lines.push("const block = ($n, $f) => $b($y, it, $n, $f && (() => capture($f)));");
  const prints = instructions.find(
    ({ type, ...rest }) => type === "run" && (rest as { output?: number | null }).output != null,
  );
  if (prints?.type === "run") {
    lines.push("const $p = ($n, $d) => { $o.push($n, $h($d)); };");
    lines.push(`const output = ($d) => $p(${prints.output}, $d);`);
  }
  const setters = instructions
    .filter(({ type }) => type === "open")
    .map((open) => setter(open as Instruction & { type: "open" }));
  if (setters.length > 0) lines.push(`const $v = { ${setters.join(", ")} };`);
  return lines.join(" ");
}

function setter({ segment, part }: Instruction & { type: "open" }): string {
  return `set s${segment}($d) { $o.push(${segment}, ${part.type === "raw" ? "$h" : "$e"}($d)); }`;
}

/** Within a layout's child a block is kept for the layout; elsewhere it prints what a child gave, else its own content. */
function printBlock(
  layout: LayoutCall,
  it: { __blocks?: object },
  name: string,
  own: (() => unknown) | undefined,
): unknown {
  if (layout.name !== null) {
    if (own) layout.blocks[name] = own();
    return "";
  }
  const given = it.__blocks as Record<string, unknown> | undefined;
  if (given && Object.hasOwn(given, name)) return given[name];
  return own ? own() : "";
}
