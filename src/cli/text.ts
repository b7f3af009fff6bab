/** What moves a cursor, ends a line, turns text around, or is shown as nothing. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;

/** Text from outside as it may be shown: whatever is in it, it stays on its line and in its place. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (sign) => {
    const code = sign.codePointAt(0)!;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
  });
}

/** Text in which a URL may hold a login. */
export function masked(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, "//…@");
}

/** JSON that a terminal may be shown. */
export function jsonText(value: unknown, indent?: number): string {
  // Outside of its strings JSON has nothing unprintable but the line ends that the indent makes.
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (sign) => (sign === "\n" ? sign : escaped(sign)));
}

/** A value on one line, cut where it gets long. */
export function shortJson(value: unknown, maxLength = 60): string {
  const signs = [...printable(JSON.stringify(value))];
  return signs.length <= maxLength ? signs.join("") : `${signs.slice(0, maxLength - 1).join("")}…`;
}

/** Rows under their heads, in columns; numbers stand on the right. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => printable(String(cell))));
  const widths = heads.map((head, i) => Math.max(width(head), ...texts.map((row) => width(row[i]!))));
  const isNumber = heads.map((_, i) => rows.every((row) => typeof row[i] === "number"));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - width(cell));
        return isNumber[i] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [heads, ...texts].map((cells) => `${line(cells)}\n`).join("");
}

/** `1 room`, `2 rooms`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** How many columns of a terminal it takes. */
function width(text: string): number {
  let sum = 0;
  for (const sign of text) sum += /\p{Mark}/u.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  return sum;
}

/** As JSON writes it: each half of a pair on its own. */
function escaped(sign: string): string {
  return sign
    .split("")
    .map((half) => `\\u${hex(half.charCodeAt(0), 4)}`)
    .join("");
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
