import assert from "node:assert/strict";
import { test } from "node:test";
import { colorFor } from "./color.js";

test("a person has one color, and people have many", () => {
  assert.equal(colorFor("ann"), colorFor("ann"));
  const colors = new Set(Array.from({ length: 500 }, (_, i) => colorFor(`user${i}`)));
  assert.equal(colors.size, 12);
  const uses = new Map<string, number>();
  for (let i = 0; i < 1_200; i += 1) uses.set(colorFor(String(i)), (uses.get(colorFor(String(i))) ?? 0) + 1);
  for (const [color, count] of uses) assert.ok(count > 40 && count < 200, `${color} ${count}`);
});

test("every color can be read with white on it", () => {
  const colors = new Set(Array.from({ length: 500 }, (_, i) => colorFor(`user${i}`)));
  for (const color of colors) assert.ok(1.05 / (luminance(color) + 0.05) >= 4.5, color);
});

test("any text is a user id", () => {
  for (const id of ["", "__proto__", "\ud800", "日本"]) assert.match(colorFor(id), /^#[0-9a-f]{6}$/);
});

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
