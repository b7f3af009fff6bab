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

export interface Window {
  readonly fromMicros: number;
  readonly toMicros: number;
}

/** The profile as if nothing had been done but in these windows, which follow one another. */
export function within(profile: Profiler.Profile, windows: readonly Window[]): Profiler.Profile {
  const { nodes, samples = [], timeDeltas = [], startTime } = profile;
  const idle = nodes.find(({ callFrame }) => callFrame.functionName === "(idle)")?.id;
  if (idle === undefined) return profile;
  let at = startTime;
  let next = 0;
  const kept = samples.map((id, sample) => {
    at += timeDeltas[sample] ?? 0;
    while (next < windows.length && windows[next]!.toMicros < at) next += 1;
    return next < windows.length && windows[next]!.fromMicros <= at ? id : idle;
  });
  return { ...profile, samples: kept };
}

function nameOf({ functionName, url, lineNumber }: Profiler.Profile["nodes"][number]["callFrame"]): string {
  const place = url === "" ? "" : `  ${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
  return `${functionName || "(anonymous)"}${place}`;
}
