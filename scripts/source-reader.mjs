import ts from "typescript-5.9";

/** @typedef {{ specifier: string, line: number, typeOnly: boolean }} Import */
/** @typedef {{ name: string, line: number, lines: number }} FunctionSize */
/** @typedef {{ imports: Import[], functions: FunctionSize[], looseAny: number[], mutedTests: { call: string, line: number }[] }} Source */

const TEST_WORDS = new Set(["test", "it", "describe", "suite", "t"]);
const MUTING_WORDS = new Set(["only", "skip", "todo", "fixme"]);

/**
 * Reads what the rules ask about a TypeScript source: whom it imports, types included, how long its functions are,
 * where it says `any` other than as a type argument, and which tests it mutes.
 * @param {string} path
 * @param {string} text
 * @returns {Source}
 */
export function readSource(path, text) {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {Source} */
  const source = { imports: [], functions: [], looseAny: [], mutedTests: [] };
  /** @param {import("typescript-5.9").Node} node */
  const lineOf = (node) => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

  /** @param {import("typescript-5.9").Node} node */
  const visit = (node) => {
    const imported = importOf(node);
    if (imported !== null) source.imports.push({ ...imported, line: lineOf(node) });
    if (isSizedFunction(node)) {
      const last = tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
      source.functions.push({ name: nameOf(node, tree), line: lineOf(node), lines: last - lineOf(node) + 1 });
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword && !isTypeLevelAny(node)) source.looseAny.push(lineOf(node));
    const muted = mutedTestOf(node);
    if (muted !== null) source.mutedTests.push({ call: muted, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return source;
}

/**
 * @param {import("typescript-5.9").Node} node
 * @returns {{ specifier: string, typeOnly: boolean } | null}
 */
function importOf(node) {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: importsTypesOnly(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, typeOnly: true };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const target = node.arguments[0];
    if (target && ts.isStringLiteralLike(target)) return { specifier: target.text, typeOnly: false };
  }
  return null;
}

/** @param {import("typescript-5.9").ImportClause | undefined} clause */
function importsTypesOnly(clause) {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  if (clause.name || bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

/**
 * @param {import("typescript-5.9").Node} node
 * @returns {node is import("typescript-5.9").FunctionLikeDeclaration}
 */
function isSizedFunction(node) {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/**
 * @param {import("typescript-5.9").FunctionLikeDeclaration} node
 * @param {import("typescript-5.9").SourceFile} tree
 */
function nameOf(node, tree) {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const owner = node.parent;
  const name =
    node.name ?? (ts.isVariableDeclaration(owner) || ts.isPropertyAssignment(owner) ? owner.name : undefined);
  return name === undefined ? "a function" : name.getText(tree);
}

/**
 * `LiveView<any>`, `...args: any[]` and `(payload: any) => unknown` are how TypeScript spells "whatever it takes"; a
 * value, a field or a parameter of a function with a body never needs it.
 * @param {import("typescript-5.9").Node} node
 */
function isTypeLevelAny(node) {
  const parent = node.parent;
  if (ts.isTypeReferenceNode(parent) || ts.isExpressionWithTypeArguments(parent)) return true;
  if (ts.isParameter(parent) && ts.isFunctionTypeNode(parent.parent)) return true;
  return ts.isArrayTypeNode(parent) && ts.isParameter(parent.parent) && parent.parent.dotDotDotToken !== undefined;
}

/**
 * The call that keeps a test from running, or others, as written: `test.only`, `describe.skip`, `t.todo`.
 * @param {import("typescript-5.9").Node} node
 * @returns {string | null}
 */
function mutedTestOf(node) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return null;
  const words = node.expression.getText().split(".");
  const isMuted = TEST_WORDS.has(words[0] ?? "") && words.slice(1).some((word) => MUTING_WORDS.has(word));
  return isMuted ? words.join(".") : null;
}
