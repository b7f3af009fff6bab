/** A template written in code. */
export interface InlineTemplate {
  readonly source: string;
}

/**
 * A template beside its view, for small views and tests. Backslashes are taken as they are written, but for the escaped
 * backtick and dollar; `${}` is refused: values belong into `<%= %>`.
 *
 * @example
 * class Clock extends LiveView {
 *   static override template = inline`<time><%= it.now %></time>`;
 *   static override viewName = "clock";
 * }
 */
export function inline(text: TemplateStringsArray, ...values: never[]): InlineTemplate {
  if (values.length > 0)
    throw new TypeError("inline`…` takes no ${values}: put them into the context and write <%= it.name %>.");
  return Object.freeze({ source: text.raw.join("").replace(/\\([`$])/g, "$1") });
}
