// The rules of the house that no linter knows. The data stands here; the reading of a source in source-reader.mjs, the rules in house-rules.mjs.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { checkHouse } from "./house-rules.mjs";
import { walk } from "./test-files.mjs";

/**
 * The layers of src, low to high; a file imports from its own layer and those below. The first pattern that fits decides.
 * @type {readonly { layer: number, files: RegExp }[]}
 */
const LAYERS = [
  { layer: 0, files: /^src\/(protocol|errors|options|token|clock|control-flow|register|logger|store)\.ts$/ },
  { layer: 0, files: /^src\/(render|pubsub)\// },
  { layer: 1, files: /^src\/(live-view|view-host|event|open-store)\.ts$/ },
  { layer: 2, files: /^src\/(presence|cursor)\/mixin[a-z-]*\.ts$/ },
  { layer: 0, files: /^src\/redis\// },
  { layer: 0, files: /^src\/presence\/(presence|key|meta|roster|backend|memory|redis)[a-z-]*\.ts$/ },
  { layer: 0, files: /^src\/cursor\/(cache|color|position|memory|redis)[a-z-]*\.ts$/ },
  { layer: 1, files: /^src\/(presence|cursor)\// },
  { layer: 4, files: /^src\/session\/(socket|sessions|room-channel|view-topic)[a-z-]*\.ts$/ },
  { layer: 3, files: /^src\/session\// },
  { layer: 5, files: /^src\/(convive\.ts|http\/)/ },
  { layer: 6, files: /^src\/index\.ts$/ },
  { layer: 7, files: /^src\/(testing|cli)\// },
];

/**
 * What a package may be imported by; `types` also lets files take types from it.
 * @type {readonly { name: string, files: RegExp, types?: RegExp }[]}
 */
const DOORS = [
  { name: "express", files: /^src\/(convive|http\/express-door)\.ts$/, types: /^src\// },
  { name: "ws", files: /^src\/(convive|http\/web-socket|testing\/visitor)\.ts$/, types: /^src\// },
  { name: "eta", files: /^src\/render\/template\.ts$/ },
  { name: "path-to-regexp", files: /^src\/session\/route\.ts$/ },
  { name: "node-html-parser", files: /^src\/testing\// },
  { name: "ioredis", files: /^src\/redis\/(clients|link)\.ts$/ },
  { name: "morphdom", files: /^bench\/patch-page\.ts$/ },
];

const DRAWERS = ["util", "utils", "helper", "helpers", "type", "types", "constant", "constants", "common"];

/** @type {import("./house-rules.mjs").House} */
export const HOUSE = {
  layers: LAYERS,
  doors: DOORS,
  clientMayImport: ["src/protocol.ts", "src/render/rendered.ts"],
  publicNames: ["convive", "convive/client", "convive/testing"],
  drawers: { folders: [...DRAWERS, "service", "services"], files: DRAWERS },
  maxFileLines: 300,
  maxFunctionLines: 50,
};

const ROOMS = ["src", "client", "examples", "e2e", "bench", "scripts", "templates", "docs"];
const TEXT = /\.(ts|mjs|js|eta|md|css|html|json)$/;

/** @param {string} root */
export function readHouse(root) {
  const files = [
    ...ROOMS.flatMap((room) => walk(root, room)),
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ];
  /** @type {Map<string, string>} */
  const sources = new Map();
  for (const file of files) if (TEXT.test(file)) sources.set(file, readFileSync(`${root}/${file}`, "utf8"));
  return sources;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const problems = checkHouse(readHouse(fileURLToPath(new URL("..", import.meta.url))), HOUSE);
  for (const { file, line, message } of problems) console.log(`${file}${line > 0 ? `:${line}` : ""}  ${message}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
