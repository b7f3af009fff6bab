import { createDemo } from "./demo.js";

const { PORT = "3000", REDIS_URL, SECRET } = process.env;
if (REDIS_URL) {
  console.error(
    "REDIS_URL is set, but this version keeps rooms in the memory of one process. Unset REDIS_URL to start.",
  );
  process.exit(1);
}

const { app, live } = createDemo({ secret: SECRET });
await live.listen(app, Number(PORT));
console.log(`Convive: open http://localhost:${PORT} in two browsers, and draw with somebody else.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void live.close({ drainMs: 500 }).then(() => process.exit(0)));
}
