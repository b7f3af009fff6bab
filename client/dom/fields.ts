export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What the user had entered when the form was submitted. */
const submitted = new WeakMap<Element, string>();
/** What a field in focus showed when the server changed it: nothing that the user wrote. */
const pinned = new WeakMap<Element, string>();

function isField(element: Element | null): element is Field {
  return !!element && /^(?:input|textarea|select)$/.test(element.localName);
}

function isToggle(field: Field): field is HTMLInputElement {
  return /^(?:checkbox|radio)$/.test(field.type);
}

function stateOf(field: Field): string {
  if ("options" in field) return Array.from(field.options, (option) => +option.selected).join("");
  return isToggle(field) ? String(field.checked) : field.value;
}

function defaultOf(field: Field): string {
  if ("options" in field) return Array.from(field.options, (option) => +option.defaultSelected).join("");
  return isToggle(field) ? String(field.defaultChecked) : field.defaultValue;
}

/** What the field would hold if nobody had touched it: what `form.reset()` makes of it. */
function untouchedState(field: Field): string {
  const form = document.createElement("form");
  const copy = field.cloneNode(true) as Field;
  form.append(copy);
  form.reset();
  return stateOf(copy);
}

/** Whether a field holds something that the user entered and did not submit. */
export function isDirty(element: Element): boolean {
  if (!isField(element)) return false;
  const state = stateOf(element);
  if (submitted.get(element) === state || pinned.get(element) === state) return false;
  return state !== untouchedState(element) || element.validity.badInput;
}

/** What a form, or a field, holds now is no longer the user's alone. */
export function markClean(element: Element): void {
  const fields = "elements" in element ? [...(element as HTMLFormElement).elements] : [element];
  for (const field of fields) if (isField(field)) submitted.set(field, stateOf(field));
}

/** Whether the user is at it: in focus, or dirty. A box that was ticked is no longer being written in. */
function isUsers(field: Field): boolean {
  if (!isToggle(field) && field.matches(":focus") && submitted.get(field) !== stateOf(field)) return true;
  return isDirty(field);
}

/** Whose the fields are that a patch came to. */
const kept = new Map<Field, boolean>();

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
  const before = defaultOf(field);
  if ("options" in field) {
    const chosen = new Set(field.selectedOptions);
    change();
    if (isKept || defaultOf(field) !== before)
      choose(field, (option) => (isKept ? chosen.has(option) : option.defaultSelected));
  } else {
    if (isKept) pin(field);
    change();
    if (!isKept && defaultOf(field) !== before) follow(field);
  }
}

function choose(select: HTMLSelectElement, isChosen: (option: HTMLOptionElement) => boolean): void {
  for (const option of select.options) if (option.selected !== isChosen(option)) option.selected = !option.selected;
}

/** A field whose value was once set no longer shows its default; setting the same value leaves the caret alone. */
function pin(field: Exclude<Field, HTMLSelectElement>): void {
  if (isToggle(field)) field.checked = !!field.checked;
  else if (field.value === field.defaultValue && !field.validity.badInput) {
    field.value = String(field.value);
    pinned.set(field, field.value);
    field.addEventListener("blur", () => pinned.get(field) === field.value && follow(field), { once: true });
  }
}

function follow(field: Exclude<Field, HTMLSelectElement>): void {
  if (isToggle(field)) field.checked = field.defaultChecked;
  else if (field.type !== "file" && field.value !== field.defaultValue) field.value = field.defaultValue;
}
