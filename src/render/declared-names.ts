import type { CodeToken } from "./code-tokens.js";

const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Every name that a piece of code declares: `const`, `let`, `var`, functions, classes, parameters, `catch`. May miss some, adds none. */
export function declaredNames(code: string, tokens: readonly CodeToken[]): Set<string> {
  const names = new Set<string>();
  const add = (from: number, to: number) => addBindings(tokens, from, to, names);
  tokens.forEach(({ kind, text }, at) => {
    if (kind === "mark" && text === "=>") addParameters(tokens, at - 1, names);
    if (kind !== "name") return;
    if (text === "const" || text === "let" || text === "var") addDeclarators(code, tokens, at + 1, names);
    else if (text === "class" || text === "function") {
      const name = tokens[at + 1]?.text === "*" ? at + 2 : at + 1;
      if (tokens[name]?.kind === "name") names.add(tokens[name].text);
      const open = tokens[name]?.text === "(" ? name : name + 1;
      if (text === "function" && tokens[open]?.text === "(") add(open + 1, closing(tokens, open));
    } else if (text === "catch" && tokens[at + 1]?.text === "(") add(at + 2, closing(tokens, at + 1));
  });
  return names;
}

/** The index of the mark that closes the one at `open`; the length when there is none. */
export function closing(tokens: readonly CodeToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    if (kind !== "mark") continue;
    if (text in CLOSERS) depth++;
    else if (text === ")" || text === "]" || text === "}") depth--;
    if (depth === 0) return at;
  }
  return tokens.length;
}

function addParameters(tokens: readonly CodeToken[], last: number, names: Set<string>): void {
  const token = tokens[last];
  if (token?.kind === "name") names.add(token.text);
  if (token?.text !== ")") return;
  for (let open = last - 1; open >= 0; open--) {
    if (tokens[open]!.text === "(" && closing(tokens, open) === last) return addBindings(tokens, open + 1, last, names);
  }
}

/** `a = 1, { b, c: [d] } = x`: up to a semicolon, a line's end outside of brackets, or `of` and `in`. */
function addDeclarators(code: string, tokens: readonly CodeToken[], from: number, names: Set<string>): void {
  for (let at = from; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    const end = kind === "mark" && text in CLOSERS ? closing(tokens, at) : at;
    if (kind === "name") names.add(text);
    else if (end > at) addBindings(tokens, at + 1, end, names);
    else return;
    at = endOfDeclarator(code, tokens, end + 1);
    if (tokens[at]?.text !== ",") return;
  }
}

function endOfDeclarator(code: string, tokens: readonly CodeToken[], from: number): number {
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at]!;
    const before = tokens[at - 1]!;
    if (token.kind === "mark" && ";,)]}".includes(token.text)) return at;
    if (code.slice(before.at, token.at).includes("\n")) return tokens.length;
    if (token.kind === "mark" && token.text in CLOSERS) at = closing(tokens, at);
  }
  return tokens.length;
}

/** The names that a pattern binds; keys and default values are none. */
function addBindings(tokens: readonly CodeToken[], from: number, to: number, names: Set<string>): void {
  for (let at = from; at < to; at++) {
    const { kind, text } = tokens[at]!;
    if (kind === "name" && tokens[at + 1]?.text !== ":") names.add(text);
    else if (kind === "mark" && text === "=") at = endOfDefault(tokens, at + 1, to);
    else if (kind === "mark" && (text === "{" || text === "[") && tokens[at - 1]?.text !== "=") {
      const end = closing(tokens, at);
      // A computed key is an expression, not a binding.
      if (tokens[end + 1]?.text !== ":") addBindings(tokens, at + 1, end, names);
      at = end;
    }
  }
}

function endOfDefault(tokens: readonly CodeToken[], from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const { kind, text } = tokens[at]!;
    if (kind !== "mark") continue;
    if (text === ",") return at;
    if (text in CLOSERS) at = closing(tokens, at);
  }
  return to;
}
