import fc from "fast-check";
import type { ChaosWorld } from "./chaos-world.js";

export const SLOTS = 3;
export const KEYS = ["doc:1", "doc:2"] as const;
const USERS = 5;

/** What one step may know: who should be where, and what is broken. */
export class ChaosModel {
  readonly slots = Array.from({ length: SLOTS }, () => ({ isUp: true, isStopped: false, isCut: false }));
  readonly connections = new Map<string, Placed>();
  isRedisUp = true;
  #names = 0;

  constructor(public stepsLeft: number) {}

  enter(key: string, userId: string, slot: number): string {
    const connectionId = `c${(this.#names += 1)}`;
    this.connections.set(connectionId, { key, userId, slot, isLive: true });
    return connectionId;
  }

  /** The `n`th of those that are, counted round; undefined when there is none. */
  pick(n: number, isLive: boolean): string | undefined {
    const names = [...this.connections].filter(([, each]) => each.isLive === isLive).map(([name]) => name);
    return names[n % names.length];
  }

  end(slot: number): void {
    this.slots[slot] = { isUp: false, isStopped: false, isCut: false };
    for (const [name, each] of this.connections) if (each.slot === slot) this.connections.delete(name);
  }

  heal(): void {
    for (const slot of this.slots) Object.assign(slot, { isStopped: false, isCut: false });
    this.isRedisUp = true;
  }

  /** How many connections each user has in a room when all is quiet. */
  truth(key: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const each of this.connections.values()) {
      if (each.key === key && each.isLive) counts.set(each.userId, (counts.get(each.userId) ?? 0) + 1);
    }
    return counts;
  }
}

interface Placed {
  readonly key: string;
  readonly userId: string;
  readonly slot: number;
  /** false: its socket has ended, and may come back */
  isLive: boolean;
}

interface Plan {
  /** of the arguments, each below its number */
  readonly ranges: readonly number[];
  /** how often, beside the others */
  readonly weight: number;
  can(model: ChaosModel, a: number, b: number, c: number): boolean;
  run(model: ChaosModel, world: ChaosWorld, a: number, b: number, c: number): unknown;
}

const GRACES_MS = [50, 400];
const PAUSES_MS = [50, 250, 700];
const WAYS = ["both", "up", "down"] as const;

const PLANS: Readonly<Record<string, Plan>> = {
  join: {
    ranges: [SLOTS, KEYS.length, USERS],
    weight: 16,
    can: (model, slot) => model.slots[slot]!.isUp,
    run(model, world, slot, key, user) {
      const connectionId = model.enter(KEYS[key]!, `u${user}`, slot);
      world.ask(slot, "join", KEYS[key]!, `u${user}`, {}, connectionId);
    },
  },
  leave: onConnection(9, true, (model, world, name, slot) => {
    model.connections.delete(name);
    world.ask(slot, "leave", name);
  }),
  drop: onConnection(7, true, (model, world, name, slot, n) => {
    model.connections.get(name)!.isLive = false;
    world.ask(slot, "drop", name, GRACES_MS[n % GRACES_MS.length]!);
  }),
  resume: onConnection(6, false, (model, world, name, slot) => {
    model.connections.get(name)!.isLive = true;
    world.ask(slot, "resume", name);
  }),
  update: onConnection(4, true, (_model, world, name, slot, n) => world.ask(slot, "update", name, { n })),
  kill: onSlot(2, isUp, (model, world, slot) => (model.end(slot), world.kill(slot))),
  shut: onSlot(
    2,
    (model, slot) => isReached(model, slot) && isUp(model, slot),
    (model, world, slot) => (model.end(slot), world.shut(slot)),
  ),
  start: onSlot(
    6,
    (model, slot) => !model.slots[slot]!.isUp && model.isRedisUp,
    async (model, world, slot) => {
      model.slots[slot]!.isUp = true;
      await world.start(slot);
    },
  ),
  stop: onSlot(4, isReached, (model, world, slot) => ((model.slots[slot]!.isStopped = true), world.stop(slot))),
  goOn: onSlot(
    5,
    (model, slot) => model.slots[slot]!.isStopped,
    (model, world, slot) => ((model.slots[slot]!.isStopped = false), world.goOn(slot)),
  ),
  cut: {
    ranges: [SLOTS, WAYS.length],
    weight: 6,
    can: (model, slot) => isReached(model, slot),
    run: (model, world, slot, way) => ((model.slots[slot]!.isCut = true), world.cut(slot, WAYS[way]!)),
  },
  mend: onSlot(
    5,
    (model, slot) => model.slots[slot]!.isCut,
    (model, world, slot) => ((model.slots[slot]!.isCut = false), world.mend(slot)),
  ),
  shake: onSlot(4, isReached, (_model, world, slot) => world.shake(slot)),
  slow: onSlot(4, isReached, (_model, world, slot) => world.slow(slot)),
  redisRestart: onRedis(4, true, (_model, world) => world.restartRedis()),
  redisStop: onRedis(3, true, (model, world) => ((model.isRedisUp = false), world.stopRedis())),
  redisGoOn: onRedis(5, false, (model, world) => ((model.isRedisUp = true), world.goOnRedis())),
  redisHang: onRedis(1, true, (_model, world) => world.hangRedis()),
  pause: { ranges: [PAUSES_MS.length], weight: 4, can: () => true, run: (_m, world, n) => world.pause(PAUSES_MS[n]!) },
  outlast: { ranges: [], weight: 1, can: () => true, run: (_model, world) => world.outlast() },
  check: { ranges: [], weight: 1, can: () => true, run: (model, world) => (model.heal(), world.check(model)) },
};

/** Up, and not the last one: nobody would sweep. */
function isUp(model: ChaosModel, slot: number): boolean {
  return model.slots[slot]!.isUp && model.slots.filter((each) => each.isUp).length > 1;
}

function isReached(model: ChaosModel, slot: number): boolean {
  const { isUp, isStopped, isCut } = model.slots[slot]!;
  return isUp && !isStopped && !isCut;
}

function onSlot(weight: number, can: Plan["can"], run: Plan["run"]): Plan {
  return { ranges: [SLOTS], weight, can, run };
}

function onRedis(weight: number, isUp: boolean, run: Plan["run"]): Plan {
  return { ranges: [], weight, can: (model) => model.isRedisUp === isUp, run };
}

function onConnection(
  weight: number,
  isLive: boolean,
  run: (model: ChaosModel, world: ChaosWorld, name: string, slot: number, n: number) => unknown,
): Plan {
  return {
    ranges: [1_000, 1_000],
    weight,
    can: (model, n) => model.pick(n, isLive) !== undefined,
    run(model, world, n, more) {
      const name = model.pick(n, isLive)!;
      return run(model, world, name, model.connections.get(name)!.slot, more);
    },
  };
}

/** One step of a story, as fast-check makes and prints it. */
export class ChaosStep implements fc.AsyncCommand<ChaosModel, ChaosWorld> {
  constructor(
    private readonly name: string,
    private readonly words: readonly number[] = [],
  ) {}

  check(model: Readonly<ChaosModel>): boolean {
    const [a = 0, b = 0, c = 0] = this.words;
    return model.stepsLeft > 0 && PLANS[this.name]!.can(model as ChaosModel, a, b, c);
  }

  async run(model: ChaosModel, world: ChaosWorld): Promise<void> {
    const [a = 0, b = 0, c = 0] = this.words;
    model.stepsLeft -= 1;
    world.began(this.toString());
    await PLANS[this.name]!.run(model, world, a, b, c);
    await world.breathe();
  }

  toString(): string {
    return `${this.name}(${this.words.join(",")})`;
  }
}

/** Stories of steps, the frequent ones more often. */
export function stories(maxSteps: number): fc.Arbitrary<Iterable<fc.AsyncCommand<ChaosModel, ChaosWorld>>> {
  const steps = Object.entries(PLANS).flatMap(([name, { ranges, weight }]) => {
    const words = fc.tuple(...ranges.map((below) => fc.nat(below - 1)));
    return Array.from({ length: weight }, () => words.map((each) => new ChaosStep(name, each)));
  });
  return fc.commands(steps, { maxCommands: maxSteps, size: "max" });
}
