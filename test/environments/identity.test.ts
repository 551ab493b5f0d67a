import { expect, it } from "vitest";
import { environments } from "../../stacks/environments/index.ts";
import { record } from "../stacks/record.ts";

/** A URN that changes is a resource that is replaced or orphaned: the name or the parent of a child may have changed by accident. */
it.each(Object.keys(environments))("environment %s keeps the identity of every resource", async (environment) => {
  const urns = (await record(environment)).flatMap((stack) => stack.resources.map(({ urn }) => urn)).sort();
  expect(new Set(urns).size).toBe(urns.length);
  await expect(
    `${urns.join("\n")}\n`,
    `Resources of environment "${environment}" are new, gone or renamed. If that is meant: npm run accept`,
  ).toMatchFileSnapshot(`${environment}.txt`);
});
