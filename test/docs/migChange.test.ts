import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("another MIG profile is for nodes that were drained, since MIG manager evicts nobody and may reboot them", () => {
  const page = readFileSync("docs/versions.md", "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text]) => text ?? "");
  const changing = blocks.filter((text) => /nvidia\.com\/mig\.config=/.test(text));
  expect(changing.length).toBeGreaterThan(0);
  for (const text of changing) {
    const lines = text.split("\n");
    const at = (command: RegExp) => lines.findIndex((line) => command.test(line));
    // Every pod of a model has emptyDirs.
    const drained = at(/^kubectl drain .*--delete-emptydir-data/);
    const back = at(/^kubectl uncordon/);
    expect(drained).toBeGreaterThanOrEqual(0);
    for (const change of [at(/^npx serin up/), at(/^kubectl label .*mig\.config=/), at(/^kubectl wait .*mig/)]) {
      expect(change).toBeGreaterThan(drained);
      expect(change).toBeLessThan(back);
    }
  }
});
