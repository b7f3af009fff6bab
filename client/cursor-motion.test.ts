import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { axesOf, type Box, glideMs, positionIn } from "./cursor-motion.js";

interface Layout {
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
  readonly border?: number;
  readonly scrollLeft?: number;
  readonly scrollTop?: number;
  /** CSS transform: scale() */
  readonly zoom?: number;
  readonly units?: string;
}

function box(layout: Layout): Box {
  const { left = 0, top = 0, width = 400, height = 300, border = 0, zoom = 1, units = "" } = layout;
  return {
    getAttribute: () => units,
    getBoundingClientRect: () => ({ left, top, width: width * zoom, height: height * zoom }),
    offsetWidth: width,
    offsetHeight: height,
    clientLeft: border,
    clientTop: border,
    clientWidth: width - 2 * border,
    clientHeight: height - 2 * border,
    scrollLeft: layout.scrollLeft ?? 0,
    scrollTop: layout.scrollTop ?? 0,
  };
}

const at = (clientX: number, clientY: number) => ({ clientX, clientY });

describe("a position in an element", () => {
  it("counts from the inner edge of its border", () => {
    assert.deepEqual(positionIn(box({ left: 100, top: 50, border: 4 }), at(104, 54)), [0, 0]);
    assert.deepEqual(positionIn(box({ left: 100, top: 50 }), at(130, 55)), [30, 5]);
  });

  it("moves with scrolled content", () => {
    assert.deepEqual(positionIn(box({ scrollLeft: 20, scrollTop: 1_000 }), at(1, 1)), [21, 1_001]);
  });

  it("does not know of transforms", () => {
    assert.deepEqual(
      positionIn(box({ left: 10, top: 10, zoom: 2, border: 5 }), at(10 + 10 + 60, 10 + 10 + 80)),
      [30, 40],
    );
  });

  it("agrees between screens when the element has a size for all", () => {
    const [small, large] = [
      box({ width: 400, height: 225, units: "1600x900" }),
      box({ width: 3_200, height: 1_800, units: "1600x900" }),
    ];
    assert.deepEqual(positionIn(small, at(200, 112.5)), [800, 450]);
    assert.deepEqual(positionIn(large, at(1_600, 900)), [800, 450]);
  });

  it("knows elements that have no client size, or no offset", () => {
    const inline = { ...box({ units: "800x600" }), clientWidth: 0, clientHeight: 0 };
    assert.deepEqual(positionIn(inline, at(200, 150)), [400, 300]);
    const svg = { ...box({ left: 10 }), offsetWidth: undefined, offsetHeight: undefined };
    assert.deepEqual(positionIn(svg, at(30, 40)), [20, 40]);
  });

  it("leads back to where it came from", () => {
    const layout = fc.record({
      left: fc.integer({ min: -500, max: 500 }),
      top: fc.integer({ min: -500, max: 500 }),
      width: fc.integer({ min: 50, max: 4_000 }),
      height: fc.integer({ min: 50, max: 4_000 }),
      border: fc.nat(9),
      scrollLeft: fc.nat(2_000),
      scrollTop: fc.nat(2_000),
      zoom: fc.constantFrom(0.25, 0.5, 1, 1.5, 3),
      units: fc.constantFrom("", "1600x900"),
    });
    fc.assert(
      fc.property(layout, fc.integer({ min: -999, max: 999 }), fc.integer({ min: -999, max: 999 }), (given, x, y) => {
        const element = box(given);
        const point = positionIn(element, at(x, y));
        const back = axesOf(element).map(({ start, scale }, axis) => point[axis]! / scale + start);
        assert.ok(Math.abs(back[0]! - x) < 1e-6 && Math.abs(back[1]! - y) < 1e-6);
      }),
    );
  });
});

describe("a glide", () => {
  it("lasts as long as the gap before it, and is short after a pause", () => {
    assert.equal(glideMs(33), 33);
    assert.equal(glideMs(200), 200);
    assert.equal(glideMs(5_000), 100);
  });
});
