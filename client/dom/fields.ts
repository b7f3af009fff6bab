export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What the user had entered when the form was submitted. */
const submitted = new WeakMap<Element, string>();
/** What a field in focus shows since the server changed it: the server's words still, not the user's. */
const pinned = new WeakMap<Element, string>();
/** What the user wrote in, whether the server has heard of it or not. */
const written = new WeakSet<EventTarget>();
/** Whose the fields are that a patch came to. */
const kept = new Map<Field, boolean>();

function isField(element: Element): element is Field {
  return /^(?:input|textarea|select)$/.test(element.localName);
}

function isToggle(field: Field): field is HTMLInputElement {
  return /^(?:checkbox|radio)$/.test(field.type);
}

function stateOf(field: Field): string {
  if ("options" in field) return Array.from(field.options, ({ selected }) => +selected).join("");
  return isToggle(field) ? String(field.checked) : field.value;
}

/** A copy as it would be if nobody had touched the field. */
function untouched(field: Field): Field {
  const form = document.createElement("form");
  const copy = field.cloneNode(true) as Field;
  form.append(copy);
  form.reset();
  return copy;
}

/** Whether a field holds something that the user entered and did not submit. */
export function isDirty(element: Element): boolean {
  if (!isField(element)) return false;
  const state = stateOf(element);
  if (submitted.get(element) === state || pinned.get(element) === state) return false;
  return state !== stateOf(untouched(element)) || element.validity.badInput;
}

/** Notes which fields of the root the user writes in. */
export function watchWriting(root: Element): void {
  root.addEventListener("input", ({ target }) => written.add(target!));
}

/** Whether a field holds what the user entered and did not submit, also when the server knows and shows it. */
export function isWritten(element: Element): element is Field {
  if (!isField(element)) return false;
  return isDirty(element) || (written.has(element) && submitted.get(element) !== stateOf(element));
}

/** What a form, or a field, holds now is no longer the user's alone. */
export function markClean(element: Element): void {
  const fields: Element[] = "elements" in element ? [...(element as HTMLFormElement).elements] : [element];
  for (const field of fields) if (isField(field)) submitted.set(field, stateOf(field));
}

/** Whether the user is at it: in focus, or dirty. A box that was ticked is no longer being written in. */
function isUsers(field: Field): boolean {
  const isInHand = !isToggle(field) && field.matches(":focus") && submitted.get(field) !== stateOf(field);
  return isInHand || isDirty(field);
}

/** To be called before each patch: halfway through, a select may look as if nobody had touched it. */
export function decideAnew(): void {
  kept.clear();
}

/**
 * Makes a change to the attributes or content of an element. If it changes what a field shows of the server, the field
 * follows, unless it is the user's: then value, caret and selection stay.
 */
export function changeField(element: Element, change: () => void): void {
  const field = element.closest("select") ?? element;
  if (!isField(field)) return change();
  const isKept = kept.get(field) ?? isUsers(field);
  kept.set(field, isKept);
  const before = stateOf(untouched(field));
  const chosen = "options" in field && new Set(field.selectedOptions);
  // A field whose value was once set no longer shows its default; setting the same value leaves the caret alone.
  if (isKept && !chosen && !field.validity.badInput) {
    if (!isDirty(field)) pin(field);
    setState(field, field);
  }
  change();
  const after = untouched(field);
  if (!isKept && stateOf(after) !== before) setState(field, after);
  if (isKept && chosen) choose(field as HTMLSelectElement, (option) => chosen.has(option));
}

/** What nobody wrote in follows the server again when it is left. */
function pin(field: Field): void {
  if (!pinned.has(field)) {
    const leave = () => {
      if (!isDirty(field)) setState(field, untouched(field));
      pinned.delete(field);
    };
    field.addEventListener("blur", leave, { once: true });
  }
  pinned.set(field, stateOf(field));
}

/** What a field holds now, to be put back into it. */
export function keepState(field: Field): () => void {
  const { value } = field;
  const chosen = "options" in field && new Set(field.selectedOptions);
  const { checked } = field as HTMLInputElement;
  return () => {
    if (chosen) choose(field as HTMLSelectElement, (option) => chosen.has(option));
    else if (isToggle(field)) field.checked = checked;
    else if (field.value !== value) field.value = value;
  };
}

function setState(field: Field, wanted: Field): void {
  if ("options" in field) choose(field, (_, index) => (wanted as HTMLSelectElement).options[index]!.selected);
  else if (isToggle(field)) field.checked = (wanted as HTMLInputElement).checked;
  else field.value = wanted.value;
}

function choose(select: HTMLSelectElement, isChosen: (option: HTMLOptionElement, index: number) => boolean): void {
  [...select.options].forEach((option, index) => {
    const selected = isChosen(option, index);
    if (option.selected !== selected) option.selected = selected;
  });
}
