/**
 * @typedef {{ language: string, line: number, code: string, file: string | null, prelude: string, run: string | null }} Snippet
 *   `run`: null not run, "" run to its end, else what follows `run:`
 * @typedef {{ path: string, language: string, text: string, pageLines: number[], run: string | null, line: number }} SnippetFile
 *   `pageLines[n]`: the line of the page that line n of the file stands on
 * @typedef {{ page: string, folder: string, files: SnippetFile[] }} Page
 */

const LANGUAGES = new Map([
  ["ts", "ts"],
  ["typescript", "ts"],
  ["eta", "eta"],
  ["sh", "sh"],
  ["bash", "sh"],
]);
const FENCE = /^(`{3,}|~{3,})(\w*)/;

/**
 * The fenced ts, eta and sh snippets of a page, with the remarks that stand in HTML comments right before them.
 * @param {string} markdown
 * @returns {Snippet[]}
 */
export function readSnippets(markdown) {
  const lines = markdown.split("\n");
  /** @type {Snippet[]} */
  const snippets = [];
  /** @type {string[]} */
  let remarks = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line);
    if (line.startsWith("<!--")) {
      const end = findLine(lines, at, (each) => each.includes("-->"));
      remarks.push(lines.slice(at, end + 1).join("\n"));
      at = end;
    } else if (fence) {
      const end = findLine(lines, at + 1, (each) => each.startsWith(fence[1] ?? "```"));
      const language = LANGUAGES.get(fence[2] ?? "");
      if (language) snippets.push(makeSnippet(language, at + 2, lines.slice(at + 1, end).join("\n"), remarks));
      at = end;
      remarks = [];
    } else if (line.trim() !== "") {
      remarks = [];
    }
  }
  return snippets;
}

/**
 * @param {readonly string[]} lines
 * @param {number} from
 * @param {(line: string) => boolean} isEnd
 */
function findLine(lines, from, isEnd) {
  const end = lines.findIndex((line, index) => index >= from && isEnd(line));
  return end < 0 ? lines.length : end;
}

/**
 * @param {string} language
 * @param {number} line
 * @param {string} code
 * @param {readonly string[]} remarks
 * @returns {Snippet}
 */
function makeSnippet(language, line, code, remarks) {
  /** @param {string} word */
  const remark = (word) =>
    remarks
      .map((each) => new RegExp(`^<!--\\s*${word}:?([^]*?)-->`).exec(each)?.[1])
      .find((found) => found !== undefined);
  const named = /^\/\/ file: (\S+)/.exec(code)?.[1] ?? remark("file")?.trim() ?? null;
  const run = remark("run")?.trim() ?? null;
  return { language, line, code, file: named, prelude: remark("prelude")?.trim() ?? "", run };
}

/**
 * The files that the snippets of a page make up: those that name the same file are one, in the order of the page.
 * @param {string} page its path from the root
 * @param {string} markdown
 * @returns {Page}
 */
export function assemblePage(page, markdown) {
  /** @type {Map<string, SnippetFile>} */
  const files = new Map();
  for (const snippet of readSnippets(markdown)) {
    const path = snippet.file ?? `line-${snippet.line}.${snippet.language}`;
    const known = files.get(path) ?? {
      path,
      language: snippet.language,
      text: "",
      pageLines: [0],
      run: null,
      line: snippet.line,
    };
    addText(known, snippet.prelude, () => snippet.line);
    addText(known, snippet.code, (index) => snippet.line + index);
    known.run ??= snippet.run;
    files.set(path, known);
  }
  for (const file of files.values()) if (file.language === "ts") file.text += "export {};\n";
  return { page, folder: page.replace(/\.md$/, "").replaceAll("/", "-").toLowerCase(), files: [...files.values()] };
}

/**
 * @param {SnippetFile} file
 * @param {string} text
 * @param {(index: number) => number} pageLine
 */
function addText(file, text, pageLine) {
  if (text === "") return;
  file.text += `${text}\n`;
  file.pageLines.push(...text.split("\n").map((_, index) => pageLine(index)));
}

/**
 * Turns a compiler's `folder/file.ts(3,7)` into the page and line that the reader sees.
 * @param {string} output
 * @param {readonly Page[]} pages
 */
export function pointAtPages(output, pages) {
  return output.replace(/([\w./-]+)\((\d+),\d+\)/g, (whole, /** @type {string} */ path, /** @type {string} */ line) => {
    for (const { page, folder, files } of pages) {
      const file = files.find((each) => path === `${folder}/${each.path}` || path.endsWith(`/${folder}/${each.path}`));
      if (file) return `${page}:${file.pageLines[Number(line)] ?? file.line}`;
    }
    return whole;
  });
}

/**
 * A page that augments a module would change what the others see, so it is compiled alone.
 * @param {Page} page
 */
export function isCompiledAlone({ files }) {
  return files.some(({ language, text }) => language === "ts" && /^declare (module|global)\b/m.test(text));
}
