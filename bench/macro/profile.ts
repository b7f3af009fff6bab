import type { Profiler } from "node:inspector";

const SHOWN = 25;

/** The functions that took most of a `.cpuprofile` themselves, as lines with their share of the time that was not idle. */
export function hottest(text: string, shown = SHOWN): string {
  const { nodes, samples = [], timeDeltas = [] } = JSON.parse(text) as Profiler.Profile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const taken = new Map<string, number>();
  samples.forEach((id, at) => {
    const name = names.get(id)!;
    if (name !== "(idle)") taken.set(name, (taken.get(name) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const total = [...taken.values()].reduce((sum, micros) => sum + micros, 0);
  return [...taken]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, shown)
    .map(([name, micros]) => `  ${((100 * micros) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join("\n");
}

function nameOf({ functionName, url, lineNumber }: Profiler.Profile["nodes"][number]["callFrame"]): string {
  const place = url === "" ? "" : `  ${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
  return `${functionName || "(anonymous)"}${place}`;
}
