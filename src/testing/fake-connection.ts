import type { Connection } from "../presence/connection.js";

/** A socket without a network: keeps what was sent to it and how it was closed. */
export class FakeConnection implements Connection {
  readonly sent: string[] = [];
  closedWith: readonly [code: number | undefined, reason: string | undefined] | null = null;

  send(data: string): void {
    this.sent.push(data);
  }
  close(code?: number, reason?: string): void {
    this.closedWith = [code, reason];
  }
}
