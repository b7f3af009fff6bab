export interface Paragraph {
  readonly id: string;
  readonly text: string;
}

const MAX_PARAGRAPHS = 100;
const MAX_LENGTH = 5_000;

export function addParagraph(paragraphs: readonly Paragraph[], id: string): readonly Paragraph[] {
  if (paragraphs.length >= MAX_PARAGRAPHS || paragraphs.some((each) => each.id === id)) return paragraphs;
  return [...paragraphs, { id, text: "" }];
}

export function writeParagraph(paragraphs: readonly Paragraph[], { id, text }: Paragraph): readonly Paragraph[] {
  return paragraphs.map((each) => (each.id === id ? { id, text: text.slice(0, MAX_LENGTH) } : each));
}

export function removeParagraph(paragraphs: readonly Paragraph[], id: string): readonly Paragraph[] {
  return paragraphs.filter((each) => each.id !== id);
}
