import { PlainChat } from "./chat.js";

const { PORT = "3000" } = process.env;
const chat = new PlainChat();
chat.server.listen(Number(PORT), () => {
  console.log(`Chat: open http://localhost:${PORT} in two browsers.`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void chat.close().then(() => process.exit(0)));
}
