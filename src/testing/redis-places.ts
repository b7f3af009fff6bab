import { after, before } from "node:test";
import type { RedisPlace } from "../redis/clients.js";
import { startRedis } from "./redis-server.js";
import { startRedisCluster, startRedisSentinel } from "./redis-topology.js";

interface Started {
  readonly place: RedisPlace;
  stop(): Promise<void>;
}

/** Declares tests once for each way to have a Redis, which is there as long as the file runs; `place` is to be called within a test. */
export function onEveryRedis(declare: (name: string, place: () => RedisPlace) => void): void {
  on("Redis", async () => {
    const { url, stop } = await startRedis();
    return { place: url, stop };
  });
  on("Redis Sentinel", async () => {
    const { sentinels, name, stop } = await startRedisSentinel();
    return { place: { sentinels, name }, stop };
  });
  on("Redis Cluster", async () => {
    const { servers, stop } = await startRedisCluster();
    return { place: { cluster: servers }, stop };
  });

  function on(name: string, start: () => Promise<Started>): void {
    let started: Started | undefined;
    before(async () => {
      started = await start();
    });
    after(() => started?.stop());
    declare(name, () => started!.place);
  }
}
