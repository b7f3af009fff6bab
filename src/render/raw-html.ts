/** HTML that the framework made: head and body of a page, put into a layout as they are. */
export class RawHtml {
  constructor(readonly html: string) {}

  toString(): string {
    return this.html;
  }
}
