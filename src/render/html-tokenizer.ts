import type { OpenElement } from "./elements.js";

type Mode =
  | "data"
  | "rawText"
  | "lessThan"
  | "endLessThan"
  | "declaration"
  | "bogus"
  | "comment"
  | "tagName"
  | "betweenAttributes"
  | "attributeName"
  | "afterName"
  | "beforeValue"
  | "doubleQuoted"
  | "singleQuoted"
  | "unquoted"
  | "slash";

/** Where a reader of HTML is; copied at the start of a block, compared at its end. */
export interface Place {
  mode: Mode;
  top: OpenElement | null;
  /** of the tag being read */
  tag: string;
  tagAt: number;
  isEndTag: boolean;
  /** element of the raw text we are in */
  rawElement: string;
  /** last characters that may become `</name`, `--` or `-->` */
  pending: string;
  /** right behind the tag of a pre, textarea or listing, where the parser drops a newline */
  isFirstInPre: boolean;
}

const SPACE = /\s/;
const LETTER = /[a-z]/i;

export function startOfMarkup(): Place {
  return {
    mode: "data",
    top: null,
    tag: "",
    tagAt: 0,
    isEndTag: false,
    rawElement: "",
    pending: "",
    isFirstInPre: false,
  };
}

const BETWEEN_VALUES: ReadonlySet<Mode> = new Set(["betweenAttributes", "attributeName", "afterName", "slash"]);

/** Both in the same part of the markup: the same text is read the same from here, but for the name of an attribute. */
export function isSamePart(a: Place, b: Place): boolean {
  if (a.rawElement !== b.rawElement || a.isEndTag !== b.isEndTag) return false;
  return a.mode === b.mode || (BETWEEN_VALUES.has(a.mode) && BETWEEN_VALUES.has(b.mode));
}

/** The same elements are open. */
export function isSameNesting(a: Place, b: Place): boolean {
  let [x, y] = [a.top, b.top];
  while (x && y && x !== y && x.name === y.name) [x, y] = [x.parent, y.parent];
  return x === y;
}

/** Inside an open tag, behind its name. */
export function isInAttributes({ mode, isEndTag }: Place): boolean {
  if (isEndTag) return false;
  return BETWEEN_VALUES.has(mode) || ["beforeValue", "doubleQuoted", "singleQuoted", "unquoted"].includes(mode);
}

export function isBeforeUnquoted({ mode }: Place): boolean {
  return mode === "beforeValue" || mode === "unquoted";
}

/** Takes a value of unknown text: it cannot end a tag, a quote or a comment. */
export function takeValue(place: Place, at: number): void {
  place.isFirstInPre = false;
  place.pending = "";
  if (place.mode === "lessThan") beginTag(place, "?", at, false);
  else if (place.mode === "endLessThan") beginTag(place, "?", at, true);
  else if (place.mode === "tagName") place.tag += "?";
  else if (place.mode === "beforeValue") place.mode = "unquoted";
  else if (place.mode === "declaration") place.mode = "bogus";
  else if (["betweenAttributes", "afterName", "slash"].includes(place.mode)) place.mode = "attributeName";
}

/** Takes code inside a tag: the name before it is over, unless the text behind it goes on with it. */
export function takeCode(place: Place, next: string): void {
  const isName = ["tagName", "attributeName", "afterName"].includes(place.mode);
  if (isName && /^[\s/>]/.test(next)) place.mode = "betweenAttributes";
}

/** Takes one character as the browser's tokenizer would. @returns true when it ended a tag: `place.tag` says which */
export function takeCharacter(place: Place, char: string, at: number): boolean {
  switch (place.mode) {
    case "data":
      place.isFirstInPre = false;
      if (char === "<") place.mode = "lessThan";
      return false;
    case "rawText":
      place.isFirstInPre = false;
      return takeRawText(place, char, at);
    case "lessThan":
      takeLessThan(place, char, at);
      return false;
    case "endLessThan":
      if (LETTER.test(char)) beginTag(place, char, at, true);
      else place.mode = char === ">" ? "data" : "bogus";
      return false;
    case "declaration":
    case "bogus":
    case "comment":
      takeComment(place, char);
      return false;
    default:
      return takeInTag(place, char);
  }
}

function takeLessThan(place: Place, char: string, at: number): void {
  if (LETTER.test(char)) beginTag(place, char, at, false);
  else if (char === "/") place.mode = "endLessThan";
  else if (char === "!") [place.mode, place.pending] = ["declaration", ""];
  else if (char === "?") place.mode = "bogus";
  else if (char !== "<") place.mode = "data";
}

function beginTag(place: Place, tag: string, tagAt: number, isEndTag: boolean): void {
  Object.assign(place, { mode: "tagName", tag, tagAt, isEndTag });
}

function takeComment(place: Place, char: string): void {
  if (place.mode === "declaration") {
    place.pending += char;
    // As the tokenizer has it, `<!-->` is a whole comment: the two dashes stay pending.
    if (place.pending === "--") place.mode = "comment";
    else if (place.pending !== "-") place.mode = char === ">" ? "data" : "bogus";
  } else if (place.mode === "bogus") {
    if (char === ">") place.mode = "data";
  } else if (char === ">" && place.pending.endsWith("--")) [place.mode, place.pending] = ["data", ""];
  else place.pending = (place.pending + char).slice(-2);
}

function takeRawText(place: Place, char: string, at: number): boolean {
  const end = `</${place.rawElement}`;
  if (place.pending === end && (SPACE.test(char) || char === "/" || char === ">")) {
    place.pending = "";
    beginTag(place, place.rawElement, at, true);
    place.rawElement = "";
    return takeInTag(place, char);
  }
  const pending = place.pending + char.toLowerCase();
  place.pending = end.startsWith(pending) ? pending : char === "<" ? "<" : "";
  return false;
}

function takeInTag(place: Place, char: string): boolean {
  const { mode } = place;
  if (mode === "doubleQuoted" || mode === "singleQuoted") {
    if (char === (mode === "doubleQuoted" ? '"' : "'")) place.mode = "betweenAttributes";
    return false;
  }
  if (char === ">") return true;
  if (mode === "beforeValue") place.mode = valueMode(char);
  else if (mode === "unquoted") place.mode = SPACE.test(char) ? "betweenAttributes" : "unquoted";
  else if (SPACE.test(char)) place.mode = isNameMode(mode) ? "afterName" : "betweenAttributes";
  else if (char === "/") place.mode = "slash";
  else if (mode === "tagName") place.tag += char;
  else if (char === "=" && isNameMode(mode)) place.mode = "beforeValue";
  else place.mode = "attributeName";
  return false;
}

function valueMode(char: string): Mode {
  if (char === '"') return "doubleQuoted";
  if (char === "'") return "singleQuoted";
  return SPACE.test(char) ? "beforeValue" : "unquoted";
}

function isNameMode(mode: Mode): boolean {
  return mode === "attributeName" || mode === "afterName";
}
