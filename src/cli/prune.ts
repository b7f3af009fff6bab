import { randomUUID } from "node:crypto";
import { systemClock } from "../clock.js";
import { DEFAULT_LIMITS } from "../options.js";
import type { PresenceBackend, PruneRequest, RoomLosses } from "../presence/backend.js";
import { peopleOf } from "../presence/pruning.js";
import { Sweeper } from "../presence/sweeper.js";
import { EXIT, misused, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { silent } from "./logging.js";
import { byLabel, labelOf, namedRoom, roomFields, type NamedRoom } from "./room-names.js";
import { counted, printable } from "./text.js";
import { untilDecided } from "./prune-wait.js";

/** Below it somebody ticks. */
const SILENT_MS = 5_000;

export const pruneCommand: Command = {
  name: "prune",
  words: ["presences|rooms"],
  summary: "remove who is gone, as nodes do by themselves",
  more: [
    "presences: ends members without a process whose time is over, and sweeps what dead nodes left.",
    "rooms: forgets rooms that hold nobody and still stand in the registers.",
    "--max-age counts the silence of members without a process; sockets are known to their node.",
    "A dead node is one whose lease has ended, and leases end only while somebody ticks: when no",
    "node is left, --wait keeps the clock going until they have.",
  ].join("\n"),
  options: {
    "max-age": { type: "string", value: "SECONDS", help: "presences: also end who was silent for longer" },
    "dry-run": { type: "boolean", help: "only tell what would be removed" },
    wait: { type: "boolean", help: "presences: wait until it is known of every node whether it lives" },
  },
  run(invocation) {
    const [what] = invocation.words;
    if (what === "presences") return prunePresences(invocation);
    if (what === "rooms") return pruneRooms(invocation);
    throw misused("prune what? Say `convive prune presences` or `convive prune rooms`.");
  },
};

async function prunePresences(invocation: Invocation): Promise<Exit> {
  const { options } = invocation;
  const [isDry, isWaiting] = [options["dry-run"] === true, options["wait"] === true];
  if (isDry && isWaiting) throw misused("--wait renews a lease, which --dry-run must not: give one of them.");
  const maxAgeMs = secondsOf(textOf(invocation, "max-age"));
  const { backend } = await invocation.open();
  const newId = randomUUID;
  const sweeper = new Sweeper({ backend, limits: DEFAULT_LIMITS, logger: silent, incarnation: "", newId });
  const request: PruneRequest = { isDry, ...(maxAgeMs === undefined ? {} : { maxAgeMs }) };
  const losses = isWaiting ? await wait(invocation, backend, sweeper, request) : await sweeper.pruneNow(request);
  report(invocation, losses, isDry);
  if (!isWaiting) await remarkOnDoubts(invocation, backend);
  return EXIT.ok;
}

async function wait(
  { print, terminal }: Invocation,
  backend: PresenceBackend,
  sweeper: Sweeper,
  request: PruneRequest,
): Promise<readonly RoomLosses[]> {
  let stopHearing = () => {};
  const ended = new Promise<void>((resolve) => (stopHearing = terminal.onEnd(resolve)));
  const tell = (text: string) => print.progress(text);
  try {
    return await untilDecided({ backend, sweeper, request, clock: systemClock, tell, ended });
  } finally {
    stopHearing();
  }
}

async function pruneRooms(invocation: Invocation): Promise<Exit> {
  const { options, print } = invocation;
  if (options["max-age"] !== undefined || options["wait"]) throw misused("prune rooms takes --dry-run only.");
  const isDry = options["dry-run"] === true;
  const { backend } = await invocation.open();
  const rooms = (await backend.pruneRooms(isDry)).map(namedRoom).toSorted(byLabel);
  const lines = rooms.map((room) => `${printable(labelOf(room))}\n`);
  const sum = `${counted(rooms.length, "room")} ${isDry ? "would be forgotten" : "forgotten"}.\n`;
  print.result({ dryRun: isDry, rooms: rooms.map(roomFields) }, [...lines, sum].join(""));
  return EXIT.ok;
}

function report({ print }: Invocation, losses: readonly RoomLosses[], isDry: boolean): void {
  const rooms = merged(losses);
  const people = rooms.reduce((sum, { removed }) => sum + removed.length, 0);
  const lines = rooms.map((room) => `${printable(labelOf(room))}: ${printable(room.removed.join(", "))}\n`);
  const sum = `${counted(people, "presence")} ${isDry ? "would be removed" : "removed"} from ${counted(rooms.length, "room")}.\n`;
  const fields = rooms.map(({ removed, ...room }) => ({ ...roomFields(room), removed }));
  print.result({ dryRun: isDry, rooms: fields }, [...lines, sum].join(""));
}

function merged(losses: readonly RoomLosses[]): (NamedRoom & { removed: readonly string[] })[] {
  const ids = new Map<string, string[]>();
  for (const each of losses) {
    ids.set(each.room, [...(ids.get(each.room) ?? []), ...peopleOf(each).map(({ id }) => id)]);
  }
  const rooms = [...ids].map(([name, removed]) => ({ ...namedRoom(name), removed: removed.toSorted() }));
  return rooms.filter(({ removed }) => removed.length > 0).toSorted(byLabel);
}

/** What cannot be judged at once is not passed over in silence. */
async function remarkOnDoubts({ print }: Invocation, backend: PresenceBackend): Promise<void> {
  const { nodes, silentMs } = await backend.nodes();
  const alive = nodes.filter(({ state }) => state === "alive").length;
  const doubts = [
    ...(alive > 0 && (silentMs ?? 0) > SILENT_MS ? [`of ${counted(alive, "lease")} none is renewed`] : []),
    ...((await backend.orphans()).length > 0 ? ["there are connections of nodes without a lease"] : []),
  ];
  if (doubts.length > 0) print.remark(`Not all could be judged: ${doubts.join(", and ")}. --wait finds out.`);
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === "" || !Number.isFinite(seconds) || seconds < 0) {
    throw misused("--max-age is a number of seconds, 0 or more.");
  }
  return seconds * 1_000;
}
