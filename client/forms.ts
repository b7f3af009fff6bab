/** Name and value, as a payload lists them. */
export type Entry = readonly [name: string, value: string];

/** What a browser would submit, less the files. */
export function formEntries(form: HTMLFormElement, submitter?: HTMLElement | null): Entry[] {
  const { name, value } = (submitter ?? {}) as Partial<HTMLButtonElement>;
  const entries = [...new FormData(form), [name, value]];
  return entries.filter((entry): entry is [string, string] => !!entry[0] && typeof entry[1] === "string");
}

/** A field on its own: under its name, else as `value`; a box that is not checked is empty. */
export function fieldEntries({ name, value, type, checked }: Partial<HTMLInputElement>): Entry[] {
  if (typeof value !== "string") return [];
  return [[name || "value", type === "checkbox" && !checked ? "" : value]];
}
