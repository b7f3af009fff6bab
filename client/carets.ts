// A script of its own, for pages whose people write together: `<textarea name="body" live-hook="LiveCaret">`.
import { CARET, CARETS, type CaretPayload } from "../src/protocol.js";
import { createCaretLayer } from "./caret-layer.js";
import type { HookDefinition } from "./hooks.js";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** How often the own caret is told at most, in ms. */
const INTERVAL_MS = 100;

/** The life of one field: tells the own caret, draws the others'. */
class CaretField {
  readonly #layer: ReturnType<typeof createCaretLayer>;
  readonly #ending = new AbortController();
  #timer = 0;
  #told = "null";
  #own: string | undefined;
  #carets: CaretPayload["carets"] = [];

  constructor(
    private readonly field: Field,
    private readonly push: (payload: unknown) => Promise<CaretPayload>,
  ) {
    this.#layer = createCaretLayer(field);
    const options = { signal: this.#ending.signal };
    for (const type of ["focus", "blur", "select", "keyup", "click", "input"]) {
      field.addEventListener(type, () => this.#tellSoon(), options);
    }
    document.addEventListener("selectionchange", () => this.#isFocused && this.#tellSoon(), options);
    field.addEventListener("input", () => this.draw(), options);
    field.addEventListener("scroll", () => this.draw(), options);
    addEventListener("scroll", () => this.draw(), { ...options, capture: true, passive: true });
    const resized = new ResizeObserver(() => this.draw());
    for (const element of [field, document.body]) resized.observe(element);
    this.#ending.signal.addEventListener("abort", () => resized.disconnect());
    this.tell();
  }

  /** Tells where the own caret is, also when it has not moved: the view may be another now. */
  tell(): void {
    this.#told = "";
    this.#tell();
  }

  heard({ carets, own = this.#own }: CaretPayload): void {
    this.#own = own;
    const name = this.#name;
    this.#carets = carets.filter((each) => each.field === name && each.connectionId !== own);
    this.draw();
  }

  draw(): void {
    this.#layer.draw(this.#carets);
  }

  end(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
    this.#layer.end();
  }

  get #isFocused(): boolean {
    return document.activeElement === this.field;
  }

  /** Fields of one name in several forms are told apart by their id. */
  get #name(): string {
    return this.field.id || this.field.name;
  }

  #tellSoon(): void {
    this.#timer ||= window.setTimeout(() => {
      this.#timer = 0;
      this.#tell();
    }, INTERVAL_MS);
  }

  #tell(): void {
    const { selectionStart: start, selectionEnd: end } = this.field;
    const caret = this.#isFocused && start !== null ? { field: this.#name, start, end } : null;
    const text = JSON.stringify(caret);
    if (text === this.#told) return;
    this.#told = text;
    this.push({ caret }).then(
      (payload) => this.heard(payload),
      () => (this.#told = ""),
    );
  }
}

/** Text carets and selections of the others: for `start({ hooks: { LiveCaret } })`; the classic script adds it by itself. */
export const LiveCaret: HookDefinition = {
  mounted() {
    const field = this.el as Field;
    const caret = new CaretField(field, (payload) => this.pushEvent<CaretPayload>(CARET, payload));
    this["caret"] = caret;
    this.handleEvent<CaretPayload>(CARETS, (payload) => caret.heard(payload));
  },
  updated() {
    (this["caret"] as CaretField).draw();
  },
  reconnected() {
    (this["caret"] as CaretField).tell();
  },
  destroyed() {
    (this["caret"] as CaretField).end();
  },
};
