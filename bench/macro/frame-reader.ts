import { randomBytes } from "node:crypto";

/** What hears the frames of one line; the bytes are only lent. */
export interface FrameSink {
  frame(opcode: number, bytes: Buffer, start: number, end: number): void;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const FIN = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const HEAD_BYTES = 10;

/** The least that reads what a server sends (RFC 6455): whole, unmasked frames, looked at where they lie. */
export class FrameReader {
  #rest: Buffer | null = null;

  /** @throws RangeError for a frame that comes in parts: no server here sends one */
  read(bytes: Buffer, length: number, sink: FrameSink): void {
    const given = bytes.subarray(0, length);
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, given]);
    const end = this.#rest === null ? length : all.length;
    let at = 0;
    while (end - at >= 2) {
      const first = all[at]!;
      if ((first & FIN) === 0) throw new RangeError("A frame came in parts.");
      const start = at + headBytes(all[at + 1]!);
      if (start > end) break;
      const next = start + payloadBytes(all, at);
      if (next > end) break;
      sink.frame(first & 0x0f, all, start, next);
      at = next;
    }
    this.#rest = at === end ? null : Buffer.from(all.subarray(at, end));
  }
}

function headBytes(second: number): number {
  return second < LENGTH_16 ? 2 : second === LENGTH_16 ? 4 : HEAD_BYTES;
}

function payloadBytes(bytes: Buffer, at: number): number {
  const second = bytes[at + 1]!;
  if (second < LENGTH_16) return second;
  return second === LENGTH_16 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}

/** A frame as a client sends it: whole and masked. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < LENGTH_16 ? 2 : length < 65_536 ? 4 : HEAD_BYTES);
  head[0] = FIN | opcode;
  head[1] = FIN | (length < LENGTH_16 ? length : length < 65_536 ? LENGTH_16 : LENGTH_64);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === HEAD_BYTES) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ mask[index & 3]!);
  return Buffer.concat([head, mask, masked]);
}
