import { expect, it } from "vitest";
import { stringify } from "yaml";
import { manifests } from "../stacks/record.ts";

it("writes the objects of environment local exactly so", async () => {
  const documents = Object.entries(await manifests("local"))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, object]) => stringify(object, { lineWidth: 120 }));
  await expect(
    documents.join("---\n"),
    'Objects of environment "local" have changed. If that is meant: npm run accept',
  ).toMatchFileSnapshot("local.yaml");
});
