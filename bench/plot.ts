import { number, targetText } from "./report.js";
import type { Result } from "./result.js";

const WIDTH = 960;
const ROW = 34;
const LABELS = 430;
const BARS = 360;
const TOP = 28;
const LINE = 16;
const INK = "#1f2733";
const MUTED = "#667080";
const MET = "#2f8f5b";
const MISSED = "#c2452d";
const PLAIN = "#5b7fb5";

/**
 * The results as a picture: a bar for each ratio to its baseline, or share of its target, with a mark where the target is; what it was
 * measured on stands below.
 */
export function plot(results: readonly Result[], machine: string): string {
  const rows = results.flatMap((result) => rowOf(result) ?? []);
  const notes = machine.split("\n");
  const most = Math.max(1, ...rows.map(({ share, target }) => Math.max(share, target ?? 0)));
  const height = TOP + rows.length * ROW + (notes.length + 1) * LINE;
  const drawn = rows.map((row, at) => draw(row, TOP + at * ROW, BARS / most));
  const told = notes.map((note, at) => text(12, TOP + rows.length * ROW + (at + 1) * LINE, note, MUTED));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(12, 17, "Ratio to the baseline of the same run, medians; the mark is the target", INK),
    ...drawn,
    ...told,
    "</svg>\n",
  ].join("\n");
}

interface Row {
  readonly result: Result;
  /** of the baseline, or of the target where there is none */
  readonly share: number;
  readonly target: number | null;
}

function rowOf(result: Result): Row | null {
  const { value, ratio, baseline, target } = result;
  if (ratio !== null && baseline !== null) {
    const aim = target === null ? null : "ratio" in target ? target.ratio : target.value / baseline.value;
    return { result, share: ratio, target: aim };
  }
  return target !== null && "value" in target ? { result, share: value / target.value, target: 1 } : null;
}

function draw({ result, share, target }: Row, y: number, scale: number): string {
  const { bench, case: name, value, unit, spread, baseline, met } = result;
  const color = met === null ? PLAIN : met ? MET : MISSED;
  const spreads = spread === null ? "" : ` ± ${Math.round(spread * 50)} %`;
  const beside =
    baseline === null ? `${targetText(result.target!, unit)}` : `${baseline.name} ${number(baseline.value)}`;
  const mark =
    target === null ? "" : `<path d="M${LABELS + target * scale} ${y + 2}v20" stroke="${INK}" stroke-width="2"/>`;
  return [
    text(12, y + 11, `${bench}: ${name}`, INK),
    text(12, y + 24, `${number(value)} ${unit}${spreads}, ${beside}`, MUTED),
    `<rect x="${LABELS}" y="${y + 4}" width="${(share * scale).toFixed(1)}" height="16" fill="${color}"/>`,
    mark,
    text(LABELS + Math.max(share, target ?? 0) * scale + 8, y + 16, `${number(share)} ×`, INK),
  ].join("");
}

function text(x: number, y: number, words: string, color: string): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${color}">${safe}</text>`;
}
