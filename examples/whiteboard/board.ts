export interface Stroke {
  readonly id: string;
  /** the id of whoever drew it */
  readonly by: string;
  /** what an SVG path is drawn from */
  readonly path: string;
  readonly color: string;
  readonly width: string;
}

export interface Board {
  readonly title: string;
  readonly strokes: readonly Stroke[];
}

const MAX_STROKES = 2_000;
const MAX_PATH_CHARS = 1_000_000;
const MAX_TITLE_LENGTH = 60;
export const EMPTY_BOARD: Board = { title: "Untitled board", strokes: [] };

export function addStroke(board: Board, stroke: Stroke): Board {
  if (board.strokes.some(({ id }) => id === stroke.id)) return board;
  return { ...board, strokes: newestOf([...board.strokes, stroke]) };
}

export function eraseStrokes(board: Board, ids: readonly string[]): Board {
  return { ...board, strokes: board.strokes.filter(({ id }) => !ids.includes(id)) };
}

export function renameBoard(board: Board, title: string): Board {
  return { ...board, title: title.slice(0, MAX_TITLE_LENGTH) };
}

/** The ids of what a person drew, the oldest first. */
export function strokesBy(board: Board, person: string): readonly string[] {
  return board.strokes.filter(({ by }) => by === person).map(({ id }) => id);
}

/** The oldest strokes make room. */
function newestOf(strokes: readonly Stroke[]): readonly Stroke[] {
  let chars = 0;
  const firstKept = strokes.findLastIndex(({ path }) => (chars += path.length) > MAX_PATH_CHARS) + 1;
  return strokes.slice(Math.max(firstKept, strokes.length - MAX_STROKES));
}
