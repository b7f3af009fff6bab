import { encodeRoomName, parseRoomName } from "../presence/key.js";
import { DEFAULT_LIMITS } from "../options.js";

/** A room as people name it. */
export interface NamedRoom {
  readonly tenant: string;
  readonly key: string;
}

/** What is no name of ours is shown as it stands. */
export function namedRoom(name: string): NamedRoom {
  return parseRoomName(name) ?? { tenant: "", key: name };
}

/** @throws ConviveError PRESENCE_KEY_INVALID */
export function roomName({ tenant, key }: NamedRoom): string {
  return encodeRoomName(tenant, key, DEFAULT_LIMITS.presenceKeyBytes);
}

/** The room in one text, its tenant before it. */
export function labelOf({ tenant, key }: NamedRoom): string {
  return tenant === "" ? key : `${tenant}/${key}`;
}

/** For JSON: a room without a tenant names none. */
export function roomFields({ tenant, key }: NamedRoom): { readonly key: string; readonly tenant?: string } {
  return tenant === "" ? { key } : { key, tenant };
}

export function byLabel(a: NamedRoom, b: NamedRoom): number {
  const [left, right] = [labelOf(a), labelOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export const TENANT_OPTION = {
  type: "string",
  value: "NAME",
  help: "the tenant whose rooms are meant; none unless given",
} as const;
