import { connect } from "node:net";
import { once } from "node:events";

/** What a Redis has done since it started. */
export interface RedisToll {
  /** scripts and messages that were sent to it; what a script calls by itself is not counted */
  readonly commands: number;
  readonly cpuMs: number;
}

const ASK = "INFO all\r\n";
const HEAD = /^\$(\d+)\r\n/;

/** Asks on a connection of its own: `INFO` is all that it adds, and is not counted. */
export async function redisToll(port: number): Promise<RedisToll> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    socket.setEncoding("latin1").write(ASK);
    let answer = "";
    for await (const text of socket as AsyncIterable<string>) {
      answer += text;
      const head = HEAD.exec(answer);
      if (head && answer.length >= head[0].length + Number(head[1])) break;
    }
    return tollOf(answer);
  } finally {
    socket.destroy();
  }
}

/** Of what `INFO all` says. A script that publishes, publishes once: whichever of the two was called more often was sent. */
export function tollOf(info: string): RedisToll {
  const number = (pattern: RegExp) => Number(pattern.exec(info)?.[1] ?? 0);
  const calls = (name: string) => number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m"));
  const scripts = calls("evalsha") + calls("eval");
  const seconds = number(/^used_cpu_sys:([\d.]+)/m) + number(/^used_cpu_user:([\d.]+)/m);
  return { commands: Math.max(scripts, calls("publish")), cpuMs: seconds * 1_000 };
}

/** What it did from one time to another. */
export function tollBetween(before: RedisToll, after: RedisToll): RedisToll {
  return { commands: after.commands - before.commands, cpuMs: after.cpuMs - before.cpuMs };
}
