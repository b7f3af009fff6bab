import { randomUUID } from "node:crypto";
import { test as base, expect } from "@playwright/test";
import { DemoProcess } from "./demo-process.js";
import { Person } from "./person.js";

interface Stage {
  /** path of a board that no other test uses */
  readonly boardPath: string;
  /** Somebody with a browser of their own opens the board, or another address. */
  join(name: string, url?: string): Promise<Person>;
  /** Somebody opens the board in another tab. */
  openTab(person: Person): Promise<Person>;
}

/** Tests of the demo: a server for each worker, a board for each test, people that complain at the end when their browser did. */
export const test = base.extend<{ stage: Stage }, { demo: DemoProcess }>({
  demo: [
    async ({}, use) => {
      const demo = new DemoProcess();
      await demo.start();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker" },
  ],

  stage: async ({ browser, demo }, use) => {
    const boardPath = `/whiteboard/${randomUUID()}`;
    const people: Person[] = [];
    const openTab = async ({ name, context }: Pick<Person, "name" | "context">, url = demo.url + boardPath) => {
      const person = new Person(name, context, await context.newPage());
      people.push(person);
      await person.visit(url);
      return person;
    };
    const join = async (name: string, url = demo.url + boardPath) => {
      const context = await browser.newContext({ viewport: { width: 1200, height: 750 } });
      return openTab({ name, context }, `${url}?name=${encodeURIComponent(name)}`);
    };
    await use({ boardPath, join, openTab });
    for (const { complaints } of people) expect(complaints).toEqual([]);
    await Promise.all([...new Set(people.map(({ context }) => context))].map((context) => context.close()));
  },
});

export { expect } from "@playwright/test";
