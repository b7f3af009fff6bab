import { scanCode, type CodeToken } from "./code-tokens.js";

/** What an exec tag, or an expression that a later tag closes, does to the `{ }` around it. */
export interface Branching {
  /** braces it closes that were open before it */
  readonly closes: number;
  /** braces it leaves open */
  readonly opens: number;
  /** it begins another way through what it closes, or through the block it stands in (`case`); "last" when one of the ways is always taken */
  readonly alternative: "none" | "one" | "last";
}

interface Placed {
  /** where it begins in the source */
  readonly at: number;
}
export interface TextPart extends Placed {
  readonly type: "text";
  text: string;
}
export interface CodePart extends Placed {
  /** exec `<% %>`, value `<%= %>`, raw `<%~ %>` */
  readonly type: "exec" | "value" | "raw";
  readonly code: string;
  readonly tokens: readonly CodeToken[];
  readonly isUnclear: boolean;
  /** null for an expression that is whole in itself */
  readonly branching: Branching | null;
}
export type Part = TextPart | CodePart;

/** As Eta's parser gives it: text escaped for a quoted literal, or a tag. */
export type ParsedPart = string | { readonly t: string; readonly val: string };

const TYPES: Readonly<Record<string, CodePart["type"]>> = { e: "exec", i: "value", r: "raw" };

/** The parts of a template, each with its place in the source. */
export function readParts(source: string, parsed: readonly ParsedPart[]): Part[] {
  let at = 0;
  return parsed.map((piece) => {
    if (typeof piece === "string") {
      const text = piece.replace(/\\([\s\S])/g, (_, char: string) => (char === "n" ? "\n" : char));
      const from = source.indexOf(text, at);
      at = from + text.length;
      return { type: "text", text, at: from };
    }
    const from = source.indexOf(piece.val, source.indexOf("<%", at) + 2);
    at = source.indexOf("%>", from + piece.val.length) + 2;
    return readCode(TYPES[piece.t]!, piece.val, from);
  });
}

function readCode(type: CodePart["type"], code: string, at: number): CodePart {
  const { tokens, isUnclear } = scanCode(code);
  const isWhole = type !== "exec" && depthOf(tokens) === 0;
  return { type, code, at, tokens, isUnclear, branching: isWhole ? null : branchingOf(tokens) };
}

function depthOf(tokens: readonly CodeToken[]): number {
  let depth = 0;
  for (const { kind, text, nested } of tokens) {
    if (kind !== "mark" || nested) continue;
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text)) depth--;
  }
  return depth;
}

function branchingOf(tokens: readonly CodeToken[]): Branching {
  let closes = 0;
  let opens = 0;
  let alternative: Branching["alternative"] = "none";
  tokens.forEach(({ kind, text, nested }, index) => {
    if (nested) return;
    if (kind === "mark" && text === "{") opens++;
    else if (kind === "mark" && text === "}") {
      if (opens > 0) opens--;
      else {
        closes++;
        alternative = alternativeAfter(tokens[index + 1], tokens[index + 2]);
      }
    } else if (kind === "name" && opens === 0 && text === "case") alternative = "one";
    else if (kind === "name" && opens === 0 && text === "default" && tokens[index + 1]?.text === ":")
      alternative = "last";
  });
  return { closes, opens, alternative };
}

function alternativeAfter(next: CodeToken | undefined, second: CodeToken | undefined): Branching["alternative"] {
  if (next?.kind !== "name") return "none";
  if (next.text === "else") return second?.text === "if" ? "one" : "last";
  return next.text === "catch" || next.text === "finally" ? "one" : "none";
}

/** 1-based line of a place in the source. */
export function lineAt(source: string, at: number): number {
  let line = 1;
  for (let i = source.indexOf("\n"); i >= 0 && i < at; i = source.indexOf("\n", i + 1)) line++;
  return line;
}
