import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { costsFrom } from "./costs.js";
import { readRecorded } from "./figures.js";
import { hostsOf, tellingsPerS } from "./model.js";
import { randomFrom } from "../../src/testing/random.js";
import { roomSizes } from "./population.js";
import { seat, type Balancer } from "./seats.js";
import { simulate } from "./simulate.js";
import { sizeFor } from "./size.js";
import { changesPerS, MILLION, type Workload } from "./workload.js";

const COSTS = costsFrom(readRecorded());
const BALANCERS: readonly Balancer[] = ["random", "least connections", "by room"];
const SMALL: Workload = { ...MILLION, viewers: 5_000, largest: 400 };

function near(found: number, expected: number, share: number, what: string): void {
  assert.ok(Math.abs(found / expected - 1) <= share, `${what}: ${found}, expected ${expected} ± ${100 * share} %`);
}

describe("the population", () => {
  test("sums up to the viewers, the largest room first", () => {
    const given = fc.record({
      viewers: fc.integer({ min: 1, max: 20_000 }),
      largest: fc.integer({ min: 1, max: 5_000 }),
      exponent: fc.double({ min: 0, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(given, (of) => {
        const sizes = roomSizes(of);
        assert.equal(
          sizes.reduce((all, size) => all + size, 0),
          of.viewers,
        );
        assert.ok(sizes.every((size, at) => size >= 1 && size <= (sizes[at - 1] ?? of.largest)));
      }),
    );
  });

  test("every viewer has one seat, whatever balances", () => {
    const rooms = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(rooms, fc.integer({ min: 1, max: 9 }), fc.constantFrom(...BALANCERS), (sizes, nodes, balancer) => {
        const seats = seat(sizes, nodes, balancer, randomFrom(1));
        const viewers = sizes.reduce((all, size) => all + size, 0);
        assert.equal(seats.length, viewers);
        assert.ok(seats.every((node) => node < nodes));
        const counts = Array.from({ length: nodes }, (_, node) => seats.filter((each) => each === node).length);
        const most = balancer === "random" ? viewers : Math.ceil(viewers / nodes);
        assert.ok(Math.max(...counts) <= most);
      }),
    );
  });
});

describe("the simulation", () => {
  test("loses nobody and no room, and the same seed gives the same outcome", () => {
    const sizes = roomSizes(SMALL);
    for (const balancer of BALANCERS) {
      const deployment = { nodes: 7, shards: 3, balancer, seconds: 5 };
      const outcome = simulate(SMALL, sizes, COSTS, deployment);
      assert.equal(outcome.viewers, SMALL.viewers);
      assert.equal(outcome.rooms, sizes.length);
      near(outcome.people.mean * 7, SMALL.viewers, 1e-9, "viewers of all nodes");
      const cores = Object.values(outcome.parts).reduce((all, each) => all + each, 0);
      near(cores, outcome.cpu.mean * 7, 1e-9, "what nodes work for is what they work");
      assert.deepEqual(simulate(SMALL, sizes, COSTS, deployment), outcome);
    }
  });

  test("agrees with the closed formulas where all rooms are alike", () => {
    const [size, nodes, seconds] = [40, 8, 40];
    const uniform: Workload = { ...MILLION, viewers: 40 * 400, stayS: 20, flipsPerS: 1 / 10, cursorShare: 0 };
    const sizes = Array.from({ length: 400 }, () => size);
    const outcome = simulate(uniform, sizes, COSTS, { nodes, shards: 1, balancer: "random", seconds });
    const changes = size * changesPerS(uniform);
    near(outcome.changes, 400 * changes, 0.02, "changes");
    near(outcome.tellings, 400 * tellingsPerS(changes), 0.02, "tellings");
    near(outcome.hosted, 400 * hostsOf(size, nodes), 0.02, "rooms on nodes");
    const { changeUs, changeViewerUs } = COSTS.node;
    const telling = 400 * tellingsPerS(changes) * (hostsOf(size, nodes) * changeUs + size * changeViewerUs);
    near(outcome.parts.telling, telling / 1_000_000, 0.02, "cores that tell");
  });

  test("asks more of every resource the more people there are, and less of each node the more nodes there are", () => {
    const run = (viewers: number, nodes: number) => {
      const workload = { ...SMALL, viewers };
      return simulate(workload, roomSizes(workload), COSTS, { nodes, shards: 3, balancer: "by room", seconds: 5 });
    };
    const [few, many] = [run(2_000, 4), run(8_000, 4)];
    assert.ok(many.cpu.mean > few.cpu.mean && many.redis.mean > few.redis.mean);
    assert.ok(many.memoryMib.mean > few.memoryMib.mean && many.sentMib.mean > few.sentMib.mean);
    assert.ok(run(8_000, 16).cpu.mean < many.cpu.mean);
  });

  test("a room is told no more often than its tick, however many come", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 10_000, noNaN: true }), (changes) => {
        const tellings = tellingsPerS(changes);
        assert.ok(tellings <= Math.min(changes, 20) * (1 + 1e-9));
        assert.ok(tellingsPerS(changes * 1.1) >= tellings * (1 - 1e-9));
      }),
    );
  });

  test("finds the fewest nodes that are enough", () => {
    const workload: Workload = { ...SMALL, stayS: 5, eventsPerS: 1 };
    const sizes = roomSizes(workload);
    const rest = { balancer: "by room", seconds: 3 } as const;
    const { nodes } = sizeFor(workload, sizes, COSTS, rest);
    assert.ok(nodes !== null && nodes > 1);
    const full = simulate(workload, sizes, COSTS, { ...rest, nodes: nodes - 1, shards: 1 });
    assert.ok(full.cpu.p99 > 0.6);
  });
});
