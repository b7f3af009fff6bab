import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { convive, type ConviveOptions, type Live } from "convive";
import express, { type Express, type RequestHandler } from "express";
import { ChatView } from "./chat/chat-view.js";
import { createDashboardView } from "./dashboard/dashboard-view.js";
import { DocumentView } from "./document/document-view.js";
import { HomeView } from "./home-view.js";
import { demoIdentity } from "./identity.js";
import { WhiteboardView } from "./whiteboard/whiteboard-view.js";

/** The demo: a whiteboard, a chat, a document, and who is where, with `options` for those who run it otherwise. */
export function createDemo(options: ConviveOptions = {}): { readonly app: Express; readonly live: Live } {
  const app = express();
  const live = convive({
    templates: fileURLToPath(new URL("../templates/", import.meta.url)),
    layout: "layout",
    helpers: { node: "" },
    ...options,
  });
  app.disable("x-powered-by");
  app.get("/healthz", (_request, response) => {
    const health = live.health();
    // Without Redis a node goes on serving: a balancer must not drop them all.
    response.status(health.status === "draining" ? 503 : 200).json(health);
  });
  app.use(securityHeaders);
  app.use("/assets", express.static(fileURLToPath(new URL("public/", import.meta.url))));
  app.use(live.middleware(demoIdentity));
  app.get("/", live.view(HomeView));
  app.get("/whiteboard", (_request, response) => response.redirect(`/whiteboard/${randomName()}`));
  app.get("/whiteboard/:boardId", live.view(WhiteboardView));
  app.get("/chat/:chatId", live.view(ChatView));
  app.get("/document/:documentId", live.view(DocumentView));
  app.get("/dashboard", live.view(createDashboardView(live.presence)));
  return { app, live };
}

const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    "Content-Security-Policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
  });
  next();
};

function randomName(): string {
  return randomBytes(6).toString("base64url");
}
