import { posix } from "node:path";
import { readSource } from "./source-reader.mjs";

/**
 * @typedef {{
 *   layers: readonly { layer: number, files: RegExp }[],
 *   doors: readonly { name: string, files: RegExp, types?: RegExp }[],
 *   clientMayImport: readonly string[],
 *   publicNames: readonly string[],
 *   drawers: { folders: readonly string[], files: readonly string[] },
 *   maxFileLines: number,
 *   maxFunctionLines: number,
 * }} House
 * @typedef {{ file: string, line: number, message: string }} Problem
 * @typedef {{ path: string, text: string, imports: (import("./source-reader.mjs").Import & { target: string | null })[] }
 *   & Omit<import("./source-reader.mjs").Source, "imports">} Module
 */

const LEFTOVER = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);

/** @param {string} path */
const isTest = (path) => /(\.(test|test-d|spec)|[.-]contract)\.ts$/.test(path);
/** @param {string} path */
const isProduct = (path) => /^(src|client|examples)\/.*\.ts$/.test(path) && !isTest(path);

/**
 * Every breach of the house's rules, sorted by file and line.
 * @param {ReadonlyMap<string, string>} sources paths from the root and what stands there
 * @param {House} house
 * @returns {Problem[]}
 */
export function checkHouse(sources, house) {
  const modules = readModules(sources);
  const product = modules.filter((module) => isProduct(module.path));
  const problems = [
    ...product.flatMap((module) => [
      ...layerProblems(module, house),
      ...neighbourProblems(module, house),
      ...doorProblems(module, house),
      ...sizeProblems(module, house),
      ...anyProblems(module),
    ]),
    ...cycleProblems(product),
    ...modules.flatMap(mutedTestProblems),
    ...[...sources].flatMap(([path, text]) => [...drawerProblems(path, house), ...leftoverProblems(path, text)]),
  ];
  return problems.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

/**
 * @param {ReadonlyMap<string, string>} sources
 * @returns {Module[]}
 */
function readModules(sources) {
  return [...sources]
    .filter(([path]) => path.endsWith(".ts"))
    .map(([path, text]) => {
      const source = readSource(path, text);
      const imports = source.imports.map((each) => ({ ...each, target: resolve(path, each.specifier) }));
      return { ...source, path, text, imports };
    });
}

/**
 * The file that a relative import names, or null for a package.
 * @param {string} from
 * @param {string} specifier
 */
function resolve(from, specifier) {
  if (!specifier.startsWith(".")) return null;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");
}

/**
 * Layers point down only.
 * @param {Module} module
 * @param {House} house
 * @returns {Problem[]}
 */
function layerProblems({ path, imports }, { layers }) {
  if (!path.startsWith("src/")) return [];
  /** @param {string} file */
  const layerOf = (file) => layers.find((each) => each.files.test(file))?.layer;
  const own = layerOf(path);
  if (own === undefined)
    return [{ file: path, line: 0, message: "This file has no layer: give it one in scripts/check-house.mjs." }];
  return imports.flatMap(({ target, line }) => {
    const other = target === null ? undefined : layerOf(target);
    if (other === undefined || other <= own) return [];
    return [
      { file: path, line, message: `Layer ${own} imports ${target} of layer ${other}; imports point down only.` },
    ];
  });
}

/**
 * The client sees two files of src, src nothing of the client, examples only what a user can import.
 * @param {Module} module
 * @param {House} house
 * @returns {Problem[]}
 */
function neighbourProblems({ path, imports }, { clientMayImport, publicNames }) {
  const room = path.split("/")[0];
  return imports.flatMap(({ target, specifier, line }) => {
    const breach =
      target === null
        ? selfImport(specifier, room, publicNames)
        : target.startsWith(`${room}/`) || (room === "client" && clientMayImport.includes(target))
          ? null
          : `${room} may not import ${target}.`;
    return breach === null ? [] : [{ file: path, line, message: breach }];
  });
}

/**
 * @param {string} specifier
 * @param {string | undefined} room
 * @param {readonly string[]} publicNames
 */
function selfImport(specifier, room, publicNames) {
  if (specifier !== "convive" && !specifier.startsWith("convive/")) return null;
  if (room !== "examples") return `${room} may not import the package by its own name.`;
  return publicNames.includes(specifier)
    ? null
    : `${specifier} is no public index; examples import ${publicNames.join(", ")}.`;
}

/**
 * Third-party code stands behind one door each.
 * @param {Module} module
 * @param {House} house
 * @returns {Problem[]}
 */
function doorProblems({ path, imports }, { doors }) {
  if (path.startsWith("examples/")) return [];
  return imports.flatMap(({ specifier, typeOnly, line }) => {
    const door = doors.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
    if (door === undefined || door.files.test(path) || (typeOnly && door.types?.test(path))) return [];
    return [{ file: path, line, message: `${door.name} has one door, and it is not this file.` }];
  });
}

/**
 * @param {Module} module
 * @param {House} house
 * @returns {Problem[]}
 */
function sizeProblems({ path, text, functions }, { maxFileLines, maxFunctionLines }) {
  const lines = text.trimEnd().split("\n").length;
  const long = functions.filter((each) => each.lines > maxFunctionLines);
  return [
    ...(lines > maxFileLines
      ? [{ file: path, line: 0, message: `${lines} lines; a file has at most ${maxFileLines}.` }]
      : []),
    ...long.map((each) => ({
      file: path,
      line: each.line,
      message: `${each.name} has ${each.lines} lines; a function has at most ${maxFunctionLines}.`,
    })),
  ];
}

/**
 * @param {Module} module
 * @returns {Problem[]}
 */
function anyProblems({ path, looseAny }) {
  const message = "any is for types of types only, as in LiveView<any>; say unknown.";
  return looseAny.map((line) => ({ file: path, line, message }));
}

/**
 * @param {Module} module
 * @returns {Problem[]}
 */
function mutedTestProblems({ path, mutedTests }) {
  return mutedTests.map(({ call, line }) => ({ file: path, line, message: `${call} keeps tests from running.` }));
}

/**
 * @param {string} path
 * @param {House} house
 * @returns {Problem[]}
 */
function drawerProblems(path, { drawers }) {
  const folders = path.split("/");
  const file = folders.pop()?.replace(/\..*$/, "") ?? "";
  const drawer =
    folders.find((folder) => drawers.folders.includes(folder)) ?? drawers.files.find((name) => name === file);
  return drawer === undefined
    ? []
    : [{ file: path, line: 0, message: `"${drawer}" is a drawer; what lies in it has an owner.` }];
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {Problem[]}
 */
function leftoverProblems(path, text) {
  return text.split("\n").flatMap((line, index) => {
    const word = LEFTOVER.exec(line)?.[1];
    return word === undefined ? [] : [{ file: path, line: index + 1, message: `${word}: do it, or open an issue.` }];
  });
}

/**
 * Import cycles, type imports included: the strongly connected components of the graph (Tarjan's algorithm).
 * @param {readonly Module[]} modules
 * @returns {Problem[]}
 */
function cycleProblems(modules) {
  const graph = new Map(modules.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]));
  return components(graph)
    .filter((group) => group.length > 1 || graph.get(group[0] ?? "")?.includes(group[0] ?? ""))
    .map((group) => {
      const [file = "", ...others] = group.toSorted();
      return { file, line: 0, message: `Import cycle with ${others.join(", ") || "itself"}.` };
    });
}

/**
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[][]}
 */
function components(graph) {
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const seen = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const groups = [];

  /** @param {string} node */
  const visit = (node) => {
    const mark = { index: seen.size, low: seen.size, open: true };
    seen.set(node, mark);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      const known = seen.get(next);
      if (known === undefined) mark.low = Math.min(mark.low, visit(next).low);
      else if (known.open) mark.low = Math.min(mark.low, known.index);
    }
    if (mark.low === mark.index) groups.push(closeGroup(node));
    return mark;
  };

  /** @param {string} node */
  const closeGroup = (node) => {
    const group = stack.splice(stack.indexOf(node));
    for (const member of group) /** @type {{ open: boolean }} */ (seen.get(member)).open = false;
    return group;
  };

  for (const node of graph.keys()) if (!seen.has(node)) visit(node);
  return groups;
}
