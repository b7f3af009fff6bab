import { encodeRoomName } from "./key.js";

/** So many are kept at hand. */
const MAX_KNOWN = 1_000;

/** The names of rooms in the store, as `encodeRoomName` makes them: the same ones are asked for again and again. */
export class RoomNames {
  /** by tenant and key */
  readonly #known = new Map<string, Map<string, string>>();
  #size = 0;

  constructor(private readonly maxBytes: number) {}

  /** @throws ConviveError PRESENCE_KEY_INVALID */
  of(tenant: string, key: string): string {
    return this.#known.get(tenant)?.get(key) ?? this.#learn(tenant, key);
  }

  #learn(tenant: string, key: string): string {
    const name = encodeRoomName(tenant, key, this.maxBytes);
    if (this.#size >= MAX_KNOWN) this.#forget();
    this.#size += 1;
    const ofTenant = this.#known.get(tenant);
    if (ofTenant) ofTenant.set(key, name);
    else this.#known.set(tenant, new Map([[key, name]]));
    return name;
  }

  #forget(): void {
    this.#known.clear();
    this.#size = 0;
  }
}
