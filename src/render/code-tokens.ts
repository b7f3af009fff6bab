/** A word, mark or literal of the JavaScript inside template tags. Whitespace and comments make no token. */
export interface CodeToken {
  readonly kind: "name" | "mark" | "string" | "template" | "number" | "regex";
  /** As written; of a string its content when it holds no escape, else as written with its quotes. */
  readonly text: string;
  readonly at: number;
  /** Whether it stands inside `${ }` of a template literal: braces there belong to the literal. */
  readonly nested: boolean;
}

export interface ScannedCode {
  readonly tokens: readonly CodeToken[];
  /** Something that is not JavaScript as we read it: nothing may be concluded from what is missing. */
  readonly isUnclear: boolean;
}

const SPACE = /\s+/y;
const NAME = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?)n?/y;
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const MARK =
  /\?\?=|\?\.(?!\d)|=>|\.\.\.|\+\+|--|[=!]==?|[<>]=|\*\*=?|&&=?|\|\|=?|\?\?|<<=?|>>>?=?|[+\-*/%&|^]=|[\s\S]/uy;

/** After these words a slash begins a regular expression. */
const BEFORE_OPERAND = new Set("return typeof case in of delete void throw new else do instanceof".split(" "));

/**
 * The words of a piece of JavaScript, enough to count its braces and to see which names it uses. Not a parser:
 * what it cannot know (a slash after `)` or `}`) it reads as a division, and says so when that cannot be.
 */
export function scanCode(code: string): ScannedCode {
  const tokens: CodeToken[] = [];
  let at = 0;
  let isUnclear = false;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(code)?.[0];
  };
  const literal = (text: string) => {
    const inside = templateInside(code, at);
    tokens.push({ kind: "template", text: inside ? code.slice(at, inside.end) : text, at, nested: false });
    if (!inside) isUnclear = true;
    for (const [start, part] of inside?.parts ?? []) {
      const scanned = scanCode(part);
      isUnclear ||= scanned.isUnclear;
      for (const token of scanned.tokens) tokens.push({ ...token, at: token.at + start, nested: true });
      tokens.push({ kind: "template", text: "", at: start + part.length, nested: true });
    }
    at = inside?.end ?? code.length;
  };
  while (at < code.length) {
    const skipped = match(SPACE) ?? match(COMMENT);
    if (skipped) at += skipped.length;
    else if (code[at] === "`") literal("`");
    else {
      const token = nextToken(match, at, tokens.at(-1));
      // No backslash stands alone in JavaScript, and no string is left open: we are inside a regular expression we took for code.
      if (token.kind === "mark" && /["'\\]/.test(token.text)) isUnclear = true;
      tokens.push(token);
      at += match(PATTERNS[token.kind])!.length;
    }
  }
  return { tokens, isUnclear };
}

const PATTERNS = { name: NAME, mark: MARK, string: STRING, number: NUMBER, regex: REGEX, template: /`/y };

function nextToken(match: (pattern: RegExp) => string | undefined, at: number, last: CodeToken | undefined): CodeToken {
  const token = (kind: CodeToken["kind"], text: string): CodeToken => ({ kind, text, at, nested: false });
  const text = match(NAME);
  if (text) return token("name", text);
  const string = match(STRING);
  if (string) return token("string", string.includes("\\") ? string : string.slice(1, -1));
  const number = match(NUMBER);
  if (number) return token("number", number);
  const regex = beginsOperand(last) ? match(REGEX) : undefined;
  return regex ? token("regex", regex) : token("mark", match(MARK)!);
}

function beginsOperand(last: CodeToken | undefined): boolean {
  if (!last) return true;
  if (last.kind === "name") return BEFORE_OPERAND.has(last.text);
  return last.kind === "mark" && !/^(?:[)\]}]|\+\+|--)$/.test(last.text);
}

/** Where the literal that begins at `from` ends, and the code of its `${ }`; null when it does not end. */
function templateInside(code: string, from: number): { end: number; parts: [start: number, code: string][] } | null {
  const parts: [number, string][] = [];
  for (let at = from + 1; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") return { end: at + 1, parts };
    else if (code[at] === "$" && code[at + 1] === "{") {
      const end = closingBrace(code, at + 2);
      if (end < 0) return null;
      parts.push([at + 2, code.slice(at + 2, end)]);
      at = end;
    }
  }
  return null;
}

function closingBrace(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at++) {
    STRING.lastIndex = COMMENT.lastIndex = at;
    const skipped = STRING.exec(code)?.[0] ?? COMMENT.exec(code)?.[0];
    if (skipped) at += skipped.length - 1;
    else if (code[at] === "`") at = (templateInside(code, at)?.end ?? code.length) - 1;
    else if (code[at] === "{") depth++;
    else if (code[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
