import type { CaretPayload } from "../src/protocol.js";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** What decides where a character stands. */
const COPIED = [
  ..."boxSizing width height paddingTop paddingRight paddingBottom paddingLeft direction textAlign textIndent textTransform".split(
    " ",
  ),
  ..."fontFamily fontSize fontStyle fontVariant fontWeight fontStretch letterSpacing wordSpacing lineHeight tabSize".split(
    " ",
  ),
  ..."borderTopWidth borderRightWidth borderBottomWidth borderLeftWidth".split(" "),
] as const;
/** There is always a character after the caret to be measured. */
const END = "\u200b";
const LAYER =
  "position:absolute;pointer-events:none;overflow:hidden;z-index:999;border-style:solid;border-color:transparent;";

/** Draws carets and selections over one field, outside of the tree that patches touch. */
export interface CaretLayer {
  draw(carets: CaretPayload["carets"]): void;
  end(): void;
}

export function createCaretLayer(field: Field): CaretLayer {
  const layer = document.createElement("div");
  const text = document.createTextNode("");
  layer.dataset["caretLayer"] = "";
  layer.ariaHidden = "true";
  const draw = (carets: CaretPayload["carets"]) => {
    if (carets.length === 0) return layer.remove();
    mirror(layer, text, field);
    for (const { start, end, name, color } of carets) {
      for (const box of boxesOf(text, start, end)) layer.append(selectionAt(layer, box, color));
      layer.append(caretAt(layer, boxOf(text, end), name, color));
    }
  };
  return { draw, end: () => layer.remove() };
}

/** The same text in the same place, unseen. */
function mirror(layer: HTMLElement, text: Text, field: Field): void {
  const style = getComputedStyle(field);
  const { left, top } = field.getBoundingClientRect();
  layer.style.cssText = `${LAYER}left:${left + scrollX}px;top:${top + scrollY}px`;
  for (const property of COPIED) layer.style[property as "width"] = style[property as "width"];
  layer.style.color = "transparent";
  layer.style.whiteSpace = field instanceof HTMLTextAreaElement ? "pre-wrap" : "pre";
  layer.style.overflowWrap = "break-word";
  if (field instanceof HTMLInputElement) layer.style.lineHeight = `${field.clientHeight}px`;
  if (text.data !== field.value + END) text.data = field.value + END;
  layer.replaceChildren(text);
  if (!layer.isConnected) document.documentElement.append(layer);
  [layer.scrollTop, layer.scrollLeft] = [field.scrollTop, field.scrollLeft];
}

function boxesOf(text: Text, start: number, end: number): DOMRect[] {
  return start === end ? [] : [...rangeOf(text, start, end).getClientRects()].filter(({ width }) => width > 0);
}

/** Of the character behind the caret; behind a line break that is the next line. */
function boxOf(text: Text, at: number): DOMRect {
  const range = rangeOf(text, at, at + 1);
  const boxes = range.getClientRects();
  return boxes[boxes.length - 1] ?? range.getBoundingClientRect();
}

/** The text may be another than the one that was told of. */
function rangeOf(text: Text, start: number, end: number): Range {
  const range = document.createRange();
  const last = text.length - 1;
  range.setStart(text, Math.min(start, last));
  range.setEnd(text, Math.min(end, last + 1));
  return range;
}

function selectionAt(layer: HTMLElement, box: DOMRect, color: string): Element {
  const element = placed(layer, box, box.width);
  element.style.backgroundColor = color;
  element.style.opacity = "0.25";
  return element;
}

function caretAt(layer: HTMLElement, box: DOMRect, name: string, color: string): Element {
  const element = placed(layer, box, 2);
  const label = document.createElement("span");
  element.dataset["caret"] = "";
  element.style.backgroundColor = color || "#5b5bd6";
  label.textContent = name;
  label.style.cssText =
    "position:absolute;left:0;bottom:100%;padding:0 4px;border-radius:3px 3px 3px 0;color:#fff;font:600 11px/15px system-ui;white-space:nowrap";
  label.style.backgroundColor = color || "#5b5bd6";
  // On the first line there is no room above.
  if (box.top - layer.getBoundingClientRect().top < 15) [label.style.bottom, label.style.top] = ["", "100%"];
  if (name) element.append(label);
  return element;
}

function placed(layer: HTMLElement, box: DOMRect, width: number): HTMLElement {
  const { left, top } = layer.getBoundingClientRect();
  const element = document.createElement("div");
  const [x, y] = [
    box.left - left - layer.clientLeft + layer.scrollLeft,
    box.top - top - layer.clientTop + layer.scrollTop,
  ];
  element.style.cssText = `position:absolute;left:${x}px;top:${y}px;width:${width}px;height:${box.height}px`;
  return element;
}
