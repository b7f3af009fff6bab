import { freeze, LiveView, type PresenceManager, type RoomCount } from "convive";

const REFRESH_MS = 1_000;
const MAX_ROOMS = 100;

/** The rooms of all nodes, the fullest first; asked for once a second at most, however many look. */
class Overview {
  #rooms: Promise<readonly RoomCount[]> | null = null;

  constructor(private readonly presence: PresenceManager) {}

  read(): Promise<readonly RoomCount[]> {
    if (!this.#rooms) {
      this.#rooms = this.#list();
      setTimeout(() => (this.#rooms = null), REFRESH_MS).unref();
    }
    return this.#rooms;
  }

  async #list(): Promise<readonly RoomCount[]> {
    const rooms: RoomCount[] = [];
    for await (const room of this.presence.rooms()) rooms.push(room);
    rooms.sort((a, b) => b.people - a.people || a.key.localeCompare(b.key));
    return freeze(rooms.slice(0, MAX_ROOMS));
  }
}

/** Who is where in the whole app: a page that counts, and is in no room itself. */
export function createDashboardView(presence: PresenceManager): new (context: unknown) => LiveView {
  const overview = new Overview(presence);
  return class DashboardView extends LiveView {
    static override template = "dashboard";

    rooms: readonly RoomCount[] = freeze([]);
    isKnown = true;
    override pageTitle = "Who is where";

    override async mount() {
      await this.refresh();
      this.every(REFRESH_MS, () => this.refresh());
    }

    private async refresh() {
      try {
        this.rooms = await overview.read();
        this.isKnown = true;
      } catch {
        // Redis is away: what was known is shown on.
        this.isKnown = false;
      }
    }
  };
}
