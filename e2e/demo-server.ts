// The demo with the limits of a test: `E2E_LIMITS`, `E2E_REDIS` and `PORT` come from the test that starts it.
import { createDemo } from "../examples/demo.js";

const { PORT = "0", E2E_LIMITS = "{}", E2E_REDIS: redis } = process.env;
const { app, live } = createDemo({ secret: "a secret that only tests know", limits: JSON.parse(E2E_LIMITS), redis });
const server = await live.listen(app, Number(PORT));
const address = server.address();
console.log(`port ${typeof address === "object" ? address?.port : address}`);
process.once("SIGTERM", () => void live.close().then(() => process.exit(0)));
