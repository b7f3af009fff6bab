import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PubSub } from "../pubsub/pubsub.js";

export interface OpenedPubSub {
  /** Another node's hold of the same topics. */
  connect(): PubSub;
  /** Resolves when what was published has arrived. */
  arrived(): Promise<void>;
  close(): Promise<void>;
}

export interface PubSubContract {
  readonly name: string;
  open(): Promise<OpenedPubSub>;
}

/** What every body of `PubSub` must do, as tests. */
export function pubsubContract({ name, open }: PubSubContract): void {
  const check = (title: string, work: (opened: OpenedPubSub) => Promise<void>): void => {
    test(title, async () => {
      const opened = await open();
      try {
        await work(opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(`${name} topics`, () => {
    check("every listener on every node hears a message once, in the order published", async ({ connect, arrived }) => {
      const [one, two] = [connect(), connect()];
      const heard: string[] = [];
      one.subscribe("t", (message) => heard.push(`one ${String(message)}`));
      one.subscribe("t", (message) => heard.push(`other ${String(message)}`));
      two.subscribe("t", (message) => heard.push(`two ${String(message)}`));
      await arrived();
      for (let i = 0; i < 3; i += 1) await two.publish("t", i);
      await arrived();
      for (const who of ["one", "other", "two"]) {
        assert.deepEqual(
          heard.filter((line) => line.startsWith(`${who} `)),
          [`${who} 0`, `${who} 1`, `${who} 2`],
        );
      }
    });

    check("topics are apart, whatever they are called", async ({ connect, arrived }) => {
      const node = connect();
      const names = ["a", "a:b", "a*", "a?", "__proto__", "", "é", "[a]"];
      const heard: string[] = [];
      for (const topic of names) node.subscribe(topic, (message) => heard.push(`${topic} ${String(message)}`));
      await arrived();
      for (const topic of names) await node.publish(topic, topic);
      await arrived();
      assert.deepEqual(
        heard,
        names.map((topic) => `${topic} ${topic}`),
      );
    });

    check(
      "a listener gets a frozen copy: later changes of the message do not reach it",
      async ({ connect, arrived }) => {
        const node = connect();
        const heard: unknown[] = [];
        node.subscribe("t", (message) => heard.push(message));
        await arrived();
        const message = { list: [1], gone: undefined };
        await node.publish("t", message);
        message.list.push(2);
        await arrived();
        assert.deepEqual(heard, [{ list: [1] }]);
        assert.throws(() => (heard[0] as { list: number[] }).list.push(3), TypeError);
      },
    );

    check("a listener that throws keeps no other from hearing", async ({ connect, arrived }) => {
      const node = connect();
      const heard: unknown[] = [];
      node.subscribe("t", () => {
        throw new Error("bad listener");
      });
      node.subscribe("t", (message) => heard.push(message));
      await arrived();
      await node.publish("t", 1);
      await node.publish("t", 2);
      await arrived();
      assert.deepEqual(heard, [1, 2]);
    });

    check("nobody listening is no error, and unsubscribing twice is harmless", async ({ connect, arrived }) => {
      const node = connect();
      await node.publish("nobody", 1);
      const heard: unknown[] = [];
      const listener = (message: unknown) => heard.push(message);
      const [stop] = [node.subscribe("t", listener), node.subscribe("t", listener)];
      stop!();
      stop!();
      await arrived();
      await node.publish("t", 1);
      await arrived();
      assert.deepEqual(heard, [1]);
    });

    check("after it was closed nothing is heard", async ({ connect, arrived }) => {
      const [one, two] = [connect(), connect()];
      const heard: unknown[] = [];
      one.subscribe("t", (message) => heard.push(message));
      await arrived();
      await one.close();
      await one.close();
      await two.publish("t", 1);
      one.subscribe("t", (message) => heard.push(message));
      await two.publish("t", 2);
      await arrived();
      assert.deepEqual(heard, []);
    });
  });
}
