/** A context that is read line by line. */
export interface ContextLines {
  /** Of these names; null when only the whole tells what is in it. */
  values(names: readonly string[]): readonly unknown[] | null;
  /** The whole, or of it what is read. */
  all(reads: ReadonlySet<string> | null): Readonly<Record<string, unknown>>;
}

/** A context of these lines alone. */
export function contextOf(names: readonly string[], values: readonly unknown[]): Readonly<Record<string, unknown>> {
  const it = Object.create(null) as Record<string, unknown>;
  names.forEach((name, index) => (it[name] = values[index]));
  return it;
}
