import { writeSync } from "node:fs";

/** In place of a plan's worker: dies with the first cluster it is given. */
process.on("message", (message: { cluster?: string }) => {
  if (message.cluster === undefined) return;
  writeSync(2, "the heap is full\n");
  process.exit(9);
});
