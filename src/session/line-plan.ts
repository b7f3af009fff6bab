import { isGetter, isShown, unwrap, type LiveView } from "../live-view.js";
import type { ViewTrait } from "../view-host.js";

/** Where the line of one name comes from. */
interface LineSource {
  readonly name: string;
  readonly isGetter: boolean;
  /** A value that stands under this name can only be a field: no method has it, and it is not hidden. */
  readonly isFree: boolean;
  /** The last trait that gives it; -1 for none. */
  readonly trait: number;
  /** The helper of this name. */
  readonly helper: unknown;
}

/**
 * Where the lines that a template reads come from, for all views of a class whose traits give the same: the view's getters and fields, else its
 * traits, else the helpers. Found out once; a change of a room reads the same few lines of thousands of views.
 */
export class LinePlan {
  readonly #sources: readonly LineSource[];
  /** by trait */
  readonly #given: readonly (readonly string[] | undefined)[];

  constructor(
    private readonly names: readonly string[],
    view: LiveView<any>,
    traits: readonly ViewTrait[],
    helpers: Readonly<Record<string, unknown>>,
  ) {
    this.#given = traits.map(({ lines }) => lines);
    const prototype = Object.getPrototypeOf(view) as object;
    this.#sources = names.map((name) => ({
      name,
      isGetter: isGetter(view, name),
      isFree: !name.startsWith("_") && !(name in prototype),
      trait: this.#given.findLastIndex((lines) => lines?.includes(name)),
      helper: Object.hasOwn(helpers, name) ? helpers[name] : undefined,
    }));
  }

  fits(names: readonly string[], traits: readonly ViewTrait[]): boolean {
    if (names !== this.names || traits.length !== this.#given.length) return false;
    for (let at = 0; at < traits.length; at++) if (traits[at]!.lines !== this.#given[at]) return false;
    return true;
  }

  read(view: LiveView<any>, traits: readonly ViewTrait[]): unknown[] {
    const sources = this.#sources;
    const values: unknown[] = [];
    for (let at = 0; at < sources.length; at++) values.push(lineOf(sources[at]!, view, traits));
    return values;
  }
}

function lineOf(source: LineSource, view: LiveView<any>, traits: readonly ViewTrait[]): unknown {
  const { name } = source;
  const value = (view as unknown as Record<string, unknown>)[name];
  if (source.isGetter) return unwrap(value);
  const isField = source.isFree && value !== undefined ? typeof value !== "function" : isShown(view, name);
  if (isField) return unwrap(value);
  return source.trait < 0 ? source.helper : traits[source.trait]!.line!(name);
}
