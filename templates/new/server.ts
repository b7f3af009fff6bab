import { convive } from "convive";
import express from "express";
import { RoomView } from "./room-view.js";

const { PORT = "3000", REDIS_URL, SECRET } = process.env;

const app = express();
const live = convive({ layout: "layout", redis: REDIS_URL, secret: SECRET });

app.get("/healthz", (_request, response) => void response.json(live.health()));
app.use(express.static("public"));
app.use(live.middleware());
app.get("/", (_request, response) => response.redirect("/rooms/lobby"));
app.get("/rooms/:roomId", live.view(RoomView));

await live.listen(app, Number(PORT));
console.log(`Open http://localhost:${PORT} in two browsers.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void live.close({ drainMs: 1_000 }).then(() => process.exit(0)));
}
