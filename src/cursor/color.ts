/** Hues far apart and dark enough for white text upon them (contrast ≥ 4.5); a test measures it. */
const PALETTE = [
  "#c2185b",
  "#1565c0",
  "#2e7d32",
  "#b34700",
  "#6a1b9a",
  "#00727a",
  "#8d5a00",
  "#4527a0",
  "#ad1f1f",
  "#0b6b4f",
  "#7b4a3a",
  "#37568a",
] as const;

/**
 * A color for a person: always the same one, readable with white text upon it and on a white page.
 *
 * @example
 * await this.trackPresence({ name, color: colorFor(this.getPresenceUserId()) });
 */
export function colorFor(userId: string): string {
  return PALETTE[hashOf(userId) % PALETTE.length]!;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  // The low bits of FNV are the weakest.
  return (hash ^ (hash >>> 15)) >>> 0;
}
