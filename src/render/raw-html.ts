/** HTML that the framework made, of values that were escaped: head and body of a page, put into a layout as they are. */
export class RawHtml {
  constructor(readonly html: string) {}

  toString(): string {
    return this.html;
  }
}
