/** An element that is open at some place of a template. */
export interface OpenElement {
  readonly name: string;
  readonly at: number;
  readonly parent: OpenElement | null;
  /** inside svg or math, where HTML's rules do not hold */
  readonly isForeign: boolean;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const VOID = words("area base br col embed hr img input link meta param source track wbr");
const CLOSES_P = words(
  "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary table ul",
);
const P_SCOPE = words("button table td th caption template html object marquee applet foreignobject");
const NOT_IN_ITSELF = words("a button form nobr");
const HEADINGS = words("h1 h2 h3 h4 h5 h6");
const OPTIONAL_END = words(
  "li p dd dt option optgroup tr td th tbody thead tfoot colgroup caption rt rp body html head",
);
const SECTIONS = "tbody thead tfoot";
/** What a start tag ends when it stands directly in it. */
const ENDS: Readonly<Record<string, ReadonlySet<string>>> = {
  li: words("li"),
  dt: words("dt dd"),
  dd: words("dt dd"),
  option: words("option"),
  optgroup: words("option optgroup"),
  td: words("td th"),
  th: words("td th"),
  tr: words("td th tr caption colgroup"),
  tbody: words(`td th tr ${SECTIONS} caption colgroup`),
  thead: words(`td th tr ${SECTIONS} caption colgroup`),
  tfoot: words(`td th tr ${SECTIONS} caption colgroup`),
};
const ANYWHERE = words("script style template");
/** What may stand directly in the parts of a table; everything else the parser moves. */
const TABLE_CHILDREN: Readonly<Record<string, ReadonlySet<string>>> = {
  table: words(`caption colgroup tr ${SECTIONS}`),
  tbody: words("tr"),
  thead: words("tr"),
  tfoot: words("tr"),
  tr: words("td th"),
  colgroup: words("col"),
};
const INTEGRATION_POINTS = words("foreignobject desc title");

/** Whether the parser would move text, or a tag that is not a part of tables, out of this element. */
export function isTablePart(element: OpenElement | null): boolean {
  return element !== null && !element.isForeign && element.name in TABLE_CHILDREN;
}

export function isInside(element: OpenElement | null, ...names: readonly string[]): boolean {
  for (let open = element; open; open = open.parent) if (names.includes(open.name)) return true;
  return false;
}

/** Whether a start tag here makes an element of svg or math. */
export function isForeignAt(name: string, parent: OpenElement | null): boolean {
  if (name === "svg" || name === "math") return true;
  return parent !== null && parent.isForeign && !INTEGRATION_POINTS.has(parent.name);
}

/** What is open after a start tag, and what the parser would do that the template does not say. */
export function openElement(
  top: OpenElement | null,
  name: string,
  at: number,
  isSelfClosing: boolean,
): { top: OpenElement | null; problem: string | null } {
  if (isForeignAt(name, top)) {
    return { top: isSelfClosing ? top : { name, at, parent: top, isForeign: true }, problem: null };
  }
  let parent = top;
  while (parent && ENDS[name]?.has(parent.name)) parent = parent.parent;
  const problem = problemOf(parent, name, isSelfClosing);
  if (CLOSES_P.has(name)) parent = withoutOpenP(parent);
  return { top: VOID.has(name) ? parent : { name, at, parent, isForeign: false }, problem };
}

function problemOf(parent: OpenElement | null, name: string, isSelfClosing: boolean): string | null {
  if (isSelfClosing && !VOID.has(name)) {
    return `the slash of <${name}/> does not close it: write <${name}></${name}>`;
  }
  const allowed = parent && !parent.isForeign ? TABLE_CHILDREN[parent.name] : undefined;
  if (allowed && !allowed.has(name) && !ANYWHERE.has(name)) return misplacedIn(parent!.name, name);
  if (name !== "p" && CLOSES_P.has(name) && withoutOpenP(parent) !== parent)
    return `<${name}> inside <p>: the parser closes the <p> before it`;
  if (NOT_IN_ITSELF.has(name) && isInside(parent, name))
    return `<${name}> inside <${name}>: the parser closes the outer one`;
  if (HEADINGS.has(name) && parent && HEADINGS.has(parent.name)) {
    return `<${name}> inside <${parent.name}>: the parser closes the outer one`;
  }
  return null;
}

function misplacedIn(parent: string, name: string): string {
  if (name === "td" || name === "th") return `<${name}> directly in <${parent}>: write the <tr> around it`;
  if (name === "col") return `<col> directly in <table>: write the <colgroup> around it`;
  return `<${name}> directly in <${parent}>: the parser moves it out of the table`;
}

function withoutOpenP(element: OpenElement | null): OpenElement | null {
  for (let open = element; open && !P_SCOPE.has(open.name) && !open.isForeign; open = open.parent) {
    if (open.name === "p") return open.parent;
  }
  return element;
}

/** What is open after an end tag. */
export function closeElement(
  top: OpenElement | null,
  name: string,
): { top: OpenElement | null; problem: string | null } {
  if (VOID.has(name)) return { top, problem: `</${name}>: this element has no end tag` };
  for (let open = top; open; open = open.parent) {
    if (open.name !== name) continue;
    const unclosed = unclosedBetween(top, open);
    if (!unclosed) return { top: open.parent, problem: null };
    return { top: open.parent, problem: `</${name}> comes before the end of <${unclosed.name}>` };
  }
  return { top, problem: `</${name}> has no start tag before it in this template` };
}

/** The innermost element open at `top` and not at `outer` whose end tag may not be left out. */
export function unclosedBetween(top: OpenElement | null, outer: OpenElement | null): OpenElement | null {
  for (let open = top; open && open !== outer; open = open.parent) {
    if (open.isForeign || !OPTIONAL_END.has(open.name)) return open;
  }
  return null;
}

/** `ul > li`, for messages and comparison. */
export function pathOf(element: OpenElement | null): string {
  const names: string[] = [];
  for (let open = element; open; open = open.parent) names.unshift(open.name);
  return names.join(" > ");
}
