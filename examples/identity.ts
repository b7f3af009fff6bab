import { createHash, randomBytes, randomInt } from "node:crypto";
import type { Request, RequestHandler } from "express";

declare global {
  namespace Express {
    interface User {
      readonly id: string;
      readonly name: string;
    }
    interface Request {
      user?: User;
    }
  }
}

const PERSON_COOKIE = "demo_person";
const NAME_COOKIE = "demo_name";
const COOKIE = { path: "/", sameSite: "lax", maxAge: 365 * 24 * 3_600_000 } as const;
const MAX_NAME_LENGTH = 40;
const MOODS = ["Brave", "Calm", "Clever", "Gentle", "Happy", "Kind", "Merry", "Quick", "Quiet", "Sunny"];
const ANIMALS = ["Badger", "Falcon", "Fox", "Hedgehog", "Heron", "Lynx", "Otter", "Owl", "Panda", "Swift"];

/**
 * Who sends a request, without a login: `?name=Ada` says the name, two cookies keep it, so the tabs of one browser are one person.
 * The id that others see is a hash of a secret that only this browser holds, so nobody can pretend to be somebody else.
 */
export const demoIdentity: RequestHandler = (request, response, next) => {
  const known = cookieOf(request, PERSON_COOKIE);
  const secret = known ?? randomBytes(18).toString("base64url");
  const keptName = personName(cookieOf(request, NAME_COOKIE));
  const name = personName(request.query["name"]) || keptName || friendlyName();
  if (!known) response.cookie(PERSON_COOKIE, secret, { ...COOKIE, httpOnly: true });
  if (name !== keptName) response.cookie(NAME_COOKIE, name, COOKIE);
  request.user = { id: createHash("sha256").update(secret).digest("base64url").slice(0, 16), name };
  next();
};

/** A name as others may see it: one line, not too long, nothing that turns the text around it; empty when nothing is left. */
export function personName(text: unknown): string {
  if (typeof text !== "string") return "";
  const line = text
    .slice(0, 1_000)
    .replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return [...line].slice(0, MAX_NAME_LENGTH).join("").trim();
}

function friendlyName(): string {
  return `${MOODS[randomInt(MOODS.length)]} ${ANIMALS[randomInt(ANIMALS.length)]}`;
}

function cookieOf(request: Request, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? "").split("; ");
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  try {
    return value && decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
