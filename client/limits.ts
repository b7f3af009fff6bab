// Every time, size and number of the browser's side. They have a file of their own because a bundler writes what it
// imports in place, and not what stands behind an import.

// ── the connection ──

/** After so much silence the server is asked whether it is there. */
export const HEARTBEAT_MS = 15_000;
/** Unanswered for so long, the link is dead; */
export const DEADLINE_MS = 10_000;
/** the same for somebody who has just come back to the page. */
export const WAKE_DEADLINE_MS = 1_000;
export const OPEN_MS = 10_000;
/** Pauses before another try: up to the first, doubled with each failure, up to the cap. */
export const FIRST_PAUSE_MS = 1_000;
export const PAUSE_CAP_MS = 10_000;
/** Longer than two failures of one cause lie apart. */
export const CALM_MS = 30_000;
/** After a restart all pages of a server come at once: as if they had failed before. */
export const RESTART_FAILURES = 2;
/** At least, after a flood or an order to leave. */
export const COOLDOWN_MS = 30_000;
/** WebSocket close code of a page that goes. */
export const UNLOADED = 1_000;
export const MAX_RELOADS = 5;

// ── requests ──

/** A little more than a handler may take. */
export const REPLY_MS = 35_000;
/** What the user did while there was no link is told later, but only if soon, and only so much. */
export const WAIT_MS = 10_000;
export const MAX_WAITING = 32;

// ── status ──

export const IDLE_MS = 60_000;
/** So that a room that fell silent at once does not flip at once. */
export const IDLE_JITTER = 0.1;
export const AWAY_MS = 5_000;
/** Nobody flips more often. */
export const FLIP_MS = 5_000;
export const LOOK_MS = 1_000;

// ── messages ──

export const FLASH_MS = 5_000;
/** Longer, while somebody points at the messages. */
export const FLASH_HELD_MS = 1_000;
export const MAX_FLASHES = 4;

// ── cursors ──

/** More of them nobody can follow. */
export const MAX_CURSORS = 500;
export const FADE_AFTER_MS = 10_000;
export const FADE_MS = 500;
/** A longer gap is a pause, after which there is no rhythm to follow. */
export const LONGEST_GLIDE_MS = 300;
export const GLIDE_AFTER_PAUSE_MS = 100;
