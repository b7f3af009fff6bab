import assert from "node:assert/strict";
import test from "node:test";
import { buildClient } from "./build-client.mjs";

const BUDGET_BYTES = 13 * 1024;

test("the client, all of it, stays within 13 KiB of gzip", async (t) => {
  const [classic, module] = await buildClient();
  for (const bundle of [classic, module]) {
    assert.ok(bundle);
    t.diagnostic(`${bundle.file}: ${bundle.gzipBytes} of ${BUDGET_BYTES} bytes gzip, ${bundle.bytes} plain`);
    assert.ok(bundle.gzipBytes <= BUDGET_BYTES, `${bundle.file} has ${bundle.gzipBytes} bytes of gzip`);
  }
});
