import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomFillSync, timingSafeEqual } from "node:crypto";
import { ConviveError } from "./errors.js";

const VERSION = "v1";
/** A page's token holds its params, which may be as long as a URL. */
const MAX_LENGTH = 32_768;
const CLOCK_TOLERANCE_MS = 60_000;

export type TokenResult<T> =
  { readonly ok: true; readonly data: T } | { readonly ok: false; readonly reason: "invalid" | "expired" };

/**
 * Signs small facts that the browser carries for us: `v1.<base64url {d, e}>.<HMAC-SHA256>`, bound to a purpose and an age.
 * The first secret signs, all of them verify, so that a secret can be rotated.
 */
export class Tokens {
  readonly #keys = new Map<string, readonly KeyObject[]>();
  readonly #secrets: readonly string[];

  constructor(
    secrets: readonly string[],
    private readonly wallTime: () => number,
  ) {
    if (secrets.length === 0 || secrets.some((secret) => secret.length < 16)) {
      throw new ConviveError(
        "OPTION_INVALID",
        "A secret must have at least 16 characters; make one with: openssl rand -base64 32",
      );
    }
    this.#secrets = secrets;
  }

  sign(purpose: string, data: unknown, ageMs: number): string {
    const now = this.wallTime();
    const body = Buffer.from(JSON.stringify({ d: data, i: now, e: now + ageMs })).toString("base64url");
    return `${VERSION}.${body}.${this.#mac(this.#keysFor(purpose)[0]!, purpose, body).toString("base64url")}`;
  }

  verify<T>(purpose: string, token: unknown): TokenResult<T> {
    if (typeof token !== "string" || token.length > MAX_LENGTH) return { ok: false, reason: "invalid" };
    const [version, body, mac, ...rest] = token.split(".");
    if (version !== VERSION || !body || !mac || rest.length > 0) return { ok: false, reason: "invalid" };
    const given = Buffer.from(mac, "base64url");
    const isOurs = this.#keysFor(purpose).some((key) => isEqual(given, this.#mac(key, purpose, body)));
    return isOurs ? this.#open<T>(body) : { ok: false, reason: "invalid" };
  }

  /** A public, stable and unguessable id made from something secret, such as a session id. */
  publicId(purpose: string, secretText: string): string {
    return this.#mac(this.#keysFor(purpose)[0]!, purpose, secretText).subarray(0, 15).toString("base64url");
  }

  #open<T>(body: string): TokenResult<T> {
    const { d, i, e } = JSON.parse(Buffer.from(body, "base64url").toString()) as { d: T; i: number; e: number };
    const now = this.wallTime();
    if (i > now + CLOCK_TOLERANCE_MS) return { ok: false, reason: "invalid" };
    return now > e ? { ok: false, reason: "expired" } : { ok: true, data: d };
  }

  #keysFor(purpose: string): readonly KeyObject[] {
    let keys = this.#keys.get(purpose);
    if (!keys) {
      keys = this.#secrets.map((secret) => {
        return createSecretKey(Buffer.from(hkdfSync("sha256", secret, "convive", purpose, 32)));
      });
      this.#keys.set(purpose, keys);
    }
    return keys;
  }

  #mac(key: KeyObject, purpose: string, body: string): Buffer {
    return createHmac("sha256", key).update(`${VERSION}.${purpose}.${body}`).digest();
  }
}

/** Chance is fetched for many ids at once. */
const chance = Buffer.alloc(4_096);
let spent = chance.length;

/** An id that nobody can guess and that is never used again. */
export function randomId(bytes = 12): string {
  if (spent + bytes > chance.length) {
    randomFillSync(chance);
    spent = 0;
  }
  spent += bytes;
  return chance.toString("base64url", spent - bytes, spent);
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
