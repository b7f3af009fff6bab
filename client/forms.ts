/** Name and value, as a payload lists them. */
export type Entry = readonly [name: string, value: string];

/** What a browser would submit, less the files. */
export function formEntries(form: HTMLFormElement, submitter?: Partial<HTMLButtonElement> | null): Entry[] {
  const entries = [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (submitter?.name) entries.push([submitter.name, submitter.value!]);
  return entries;
}

/** A field on its own: under its name, else as `value`; a box that is not checked is empty. */
export function fieldEntries(element: Element): Entry[] {
  if (!/^(input|select|textarea)$/.test(element.localName)) return [];
  const { name, value, type, checked } = element as HTMLInputElement;
  return [[name || "value", !checked && /^(checkbox|radio)$/.test(type) ? "" : value]];
}
