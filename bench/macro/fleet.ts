import type { Contender } from "./contender.js";
import { settle, type Entrant } from "./contest.js";
import type { ServerProcess, Taken } from "./server-process.js";

/** A contender on all the servers that share its rooms: one, or several nodes. */
export class Fleet {
  constructor(
    readonly contender: Contender,
    readonly servers: readonly ServerProcess[],
  ) {}

  static ofOne({ contender, server }: Entrant): Fleet {
    return new Fleet(contender, [server]);
  }

  get size(): number {
    return this.servers.length;
  }

  /** Visitors are dealt out to the servers in turn. */
  portOf(visitor: number): number {
    return this.servers[visitor % this.size]!.port;
  }

  async profile(): Promise<void> {
    for (const server of this.servers) await server.profile();
  }

  async settle(): Promise<void> {
    for (const server of this.servers) await settle(server);
  }

  async begin(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.begin()));
  }

  /** Processor time of all together. */
  async end(): Promise<Taken> {
    const taken = await Promise.all(this.servers.map((server) => server.end()));
    return { cpuMs: taken.reduce((sum, { cpuMs }) => sum + cpuMs, 0), ms: Math.max(...taken.map(({ ms }) => ms)) };
  }

  /** @param of names the profiles' files */
  async stop(of: string): Promise<void> {
    for (const [at, server] of this.servers.entries()) await server.stop(this.size === 1 ? of : `${of} ${at + 1}`);
  }
}
