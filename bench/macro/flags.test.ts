import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersFlag } from "./flags.js";

test("numbers on the command line stand in for the usual ones, and nonsense is refused", () => {
  assert.deepEqual(numbersFlag("viewers", [1], ["--json"]), [1]);
  assert.deepEqual(numbersFlag("viewers", [1], ["--viewers=10,200"]), [10, 200]);
  for (const given of ["--viewers=", "--viewers=x", "--viewers=1.5", "--viewers=-2"])
    assert.throws(() => numbersFlag("viewers", [1], [given]), { name: "RangeError", message: /above 0/ });
});
