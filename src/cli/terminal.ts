/** What a command sees of the world outside. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** standard output is a terminal */
  readonly isTty: boolean;
  /** standard error is a terminal */
  readonly isErrorTty: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Calls the listener when it is time to end: Ctrl-C, SIGTERM, or nobody reads on. */
  onEnd(listener: () => void): () => void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const listeners = new Set<() => void>();
  const end = () => {
    for (const listener of [...listeners]) listener();
  };
  for (const stream of [process.stdout, process.stderr]) {
    // Who read us has gone, as in `convive watch | head -1`.
    stream.on("error", end);
  }
  return {
    env: process.env,
    isTty: process.stdout.isTTY ?? false,
    isErrorTty: process.stderr.isTTY ?? false,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    onEnd(listener) {
      listeners.add(listener);
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => {
        listeners.delete(listener);
        for (const signal of SIGNALS) process.off(signal, listener);
      };
    },
  };
}
