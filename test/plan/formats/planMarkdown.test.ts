import fc from "fast-check";
import { expect, it } from "vitest";
import { longestComment, planMarkdown } from "../../../plan/formats/planMarkdown.ts";
import type { Change } from "../../../plan/planDocument.ts";
import { finding, reportOf, urn } from "./formatted.ts";

const changesOf = (count: number, inputs = 20): Change[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: (["create", "update", "delete"] as const)[index % 3] ?? "create",
    resource: {
      urn: urn(`${index}`),
      type: "kubernetes:core/v1:Service",
      name: `service-${index}`,
      inputs: {},
    },
    inputs: Array.from({ length: inputs }, (_, at) => ({
      path: `spec.ports[${at}].port`,
      before: at,
      after: "x".repeat(90),
    })),
  }));

it("says first what stops the deployment, at which line it is declared and what to do about it", () => {
  const text = planMarkdown(reportOf());
  expect(text.split("\n")[0]).toBe("### serin plan `dev`: ❌ the policies object");
  expect(text).toContain(
    "- **image-require-digest** (high) `dc-lab-fraud`, `stacks/environments/dev.ts:26`\n  no digest.\n  _Write the digest._\n",
  );
  expect(text).toContain("- **expired** image-require-digest `dc-lab-ranker`");
  expect(text.indexOf("#### Violations")).toBeLessThan(text.indexOf("#### Advice"));
});

it("stays below a comment's limit with 500 changes, which it shows with fewer inputs", () => {
  const text = planMarkdown(reportOf(undefined, { changes: changesOf(500) }));
  expect(text.length).toBeLessThanOrEqual(longestComment);
  expect(text).not.toContain(" more: ");
  for (const title of ["Violations", "Deleted (166)", "Updated (167)", "Created (167)", "Releases", "Diagram"]) {
    expect(text).toContain(`#### ${title}`);
  }
});

it("says of each section how many it leaves out, where even the names are too many", () => {
  const text = planMarkdown(reportOf(undefined, { changes: changesOf(3_000, 1) }));
  expect(text.length).toBeLessThanOrEqual(longestComment);
  expect(text.length).toBeGreaterThan(longestComment * 0.9);
  const shown = text.split("\n").filter((line) => line.startsWith("- `Service ")).length;
  const left = [...text.matchAll(/^_(\d+) more: /gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  expect(shown + left).toBe(3_000);
  expect(text).toContain("#### Diagram");
});

it("stays below any limit from its head on, at the end of a block, whatever is found", () => {
  const message = fc.string({ maxLength: 700 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.integer({ min: 4_000, max: 20_000 }), (messages, limit) => {
      const found = messages.map((one) => finding({ message: one }));
      const text = planMarkdown(reportOf(found, { changes: changesOf(30) }), limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      expect((text.match(/```/g) ?? []).length % 2).toBe(0);
    }),
    { numRuns: 15 },
  );
});

it("has no markup but its own, and notifies nobody", () => {
  const message = "<img src=x> [a](http://b) **c** @team #1 | `d` ~~e~~ &lt;";
  const text = planMarkdown(reportOf([finding({ message })]));
  expect(text).toContain(
    "  &lt;img src=x\\> \\[a\\](http://b) \\*\\*c\\*\\* &#64;team \\#1 \\| \\`d\\` \\~\\~e\\~\\~ &amp;lt;\n",
  );
  const name = planMarkdown(reportOf([finding({ urn: urn("a`b``c") })]));
  expect(name).toContain("```dc-lab-a`b``c```");
});
