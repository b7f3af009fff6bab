import { FakeClock } from "../testing/fake-clock.js";
import { cacheContract } from "../testing/cache-contract.js";
import { MemoryCache } from "./memory.js";

cacheContract({
  name: "memory",
  open: async () => {
    const clock = new FakeClock();
    const cache = new MemoryCache(clock);
    return { connect: () => cache, advance: (ms) => clock.advance(ms), close: () => cache.close() };
  },
});
