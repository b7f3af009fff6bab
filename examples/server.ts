import { createDemo } from "./demo.js";

const { PORT = "3000", REDIS_URL, SECRET } = process.env;
const { app, live } = createDemo({ secret: SECRET, redis: REDIS_URL });
await live.listen(app, Number(PORT));
console.log(`Convive: open http://localhost:${PORT} in two browsers, and draw with somebody else.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void live.close({ drainMs: 500 }).then(() => process.exit(0)));
}
