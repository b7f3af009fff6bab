// The same page as Convive's, the same bytes of it, by Express and Eta alone.
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Eta } from "eta";
import express from "express";
import { obey } from "../server-control.js";

const PEOPLE = 100;
const SHAPES = 20;

const people = Array.from({ length: PEOPLE }, (_, at) => {
  return { id: `p${at}`, name: `Person ${1_000 + at}`, color: "#44aa77" };
});
const shapes = Array.from({ length: SHAPES }, (_, at) => ({
  id: `s${at}`,
  path: `M${at} 0L9 ${at * 7}`,
  color: "red",
}));
const head = '<meta name="convive" content="/convive"><script src="/convive/convive.js?v=0123456789" defer></script>';
/** As long as ours; it is not signed. */
const token = "t".repeat(260);

const eta = new Eta({ views: join(import.meta.dirname, "../macro/templates"), cache: true });
const layouts = new Eta({ views: join(import.meta.dirname, "../../templates/convive"), cache: true });

const app = express();
app.get("/boards/:boardId", (request, response) => {
  const { boardId } = request.params;
  const html = eta.render("./board", { boardId, presences: people, presenceCount: people.length, shapes });
  const body = `<div live-view="board" live-token="${token}">${html}</div>`;
  response.set("Cache-Control", "private, no-cache");
  response.type("html").send(layouts.render("./layout", { title: "", head, body }));
});
const server = app.listen(0, "127.0.0.1", () => obey((server.address() as AddressInfo).port));
