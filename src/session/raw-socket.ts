/** A WebSocket, as far as we need one. */
export interface RawSocket {
  readonly bufferedAmount: number;
  send(data: string | Buffer): void;
  /** What is sent from here to the end of the turn goes out in one write. */
  gather?(): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}
