import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from "node:fs";
import { join, posix } from "node:path";
import type { Clock, Timer } from "../clock.js";
import type { TemplateSource } from "./template-errors.js";

const EXTENSION = ".eta";
/** Editors write a file in several steps. */
const SETTLE_MS = 30;

/** Finds templates by name: the first directory that has a file of that name wins. */
export class TemplateFiles {
  #watchers: FSWatcher[] = [];
  #timer: Timer | null = null;

  constructor(
    readonly directories: readonly string[],
    private readonly clock: Clock,
  ) {}

  /**
   * @param from name of the template that includes it: names are tried beside it first, then from the root
   * @returns null when no directory has it
   */
  find(name: string, from: string | null): TemplateSource | null {
    for (const candidate of candidates(name, from)) {
      for (const directory of this.directories) {
        const file = join(directory, posix.extname(candidate) ? candidate : candidate + EXTENSION);
        if (isFile(file)) return { name: candidate, file, text: readText(file) };
      }
    }
    return null;
  }

  names(): string[] {
    const names = this.directories.flatMap((directory) =>
      entriesOf(directory).filter((path) => path.endsWith(EXTENSION)),
    );
    return [...new Set(names.map((path) => path.slice(0, -EXTENSION.length)))].sort();
  }

  /** Calls after files have changed and settled. Directories made later are watched too. */
  watch(changed: () => void): void {
    const settle = () => {
      this.#timer?.clear();
      this.#timer = this.clock.after(SETTLE_MS, () => {
        this.#stopWatchers();
        this.#startWatchers(settle);
        changed();
      });
    };
    this.#startWatchers(settle);
  }

  close(): void {
    this.#timer?.clear();
    this.#stopWatchers();
  }

  #startWatchers(settle: () => void): void {
    const folders = this.directories.flatMap((root) => [
      root,
      ...entriesOf(root, true).map((path) => join(root, path)),
    ]);
    for (const folder of folders) {
      try {
        this.#watchers.push(watch(folder, { persistent: false }, settle).on("error", () => {}));
      } catch {
        // A directory that is not there has nothing to watch.
      }
    }
  }

  #stopWatchers(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }
}

function candidates(name: string, from: string | null): string[] {
  const folder = from === null || name.startsWith("/") ? "" : posix.dirname(from);
  const paths = [posix.join(folder, name), posix.join("/", name).slice(1)].map((path) => path.replace(/^\/+/, ""));
  const isInside = (path: string) => path !== "" && !path.startsWith("..") && !path.includes("\0");
  return [...new Set(paths.map(withoutExtension).filter(isInside))];
}

function withoutExtension(path: string): string {
  return path.endsWith(EXTENSION) ? path.slice(0, -EXTENSION.length) : path;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** As the browser would read it: no byte order mark, one kind of newline, no NUL. */
function readText(file: string): string {
  return plainText(readFileSync(file, "utf8"));
}

export function plainText(text: string): string {
  return text
    .replace(/^\ufeff/, "")
    .replace(/\r\n?/g, "\n")
    .replaceAll("\0", "\ufffd");
}

/** Paths below a directory, with forward slashes; folders or files. */
function entriesOf(directory: string, wantsFolders = false, below = ""): string[] {
  const paths: string[] = [];
  for (const entry of readFolder(join(directory, below))) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory() === wantsFolders) paths.push(path);
    if (!entry.isDirectory() || entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    paths.push(...entriesOf(directory, wantsFolders, path));
  }
  return paths;
}

function readFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
