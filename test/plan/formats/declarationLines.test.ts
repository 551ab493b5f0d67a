import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { declarationLine } from "../../../plan/formats/declarationLines.ts";
import { dev } from "../../../stacks/environments/dev.ts";
import { prod } from "../../../stacks/environments/prod.ts";

const text = readFileSync(fileURLToPath(new URL("../../../stacks/environments/prod.ts", import.meta.url)), "utf8");
const lineOf = (urn: string) => text.split("\n")[declarationLine(text, prod, urn) - 1]?.trim();

it.each([
  ["models::serin::serin:model:ModelDeployment$kubernetes:core/v1:Service::aws-use1-fraud-stable", "fraud: {"],
  [
    "models::serin::serin:model:ModelDeployment$kubernetes:core/v1:Service::dc-fra-resnet50-canary",
    'resnet50: { ...resnet50, version: "1" },',
  ],
  [
    "platform::serin::serin:platform:Istio$kubernetes:helm.sh/v4:Chart::aws-use1-istiod",
    'istio: { install: {}, certificate: { kind: "privateCa" } },',
  ],
  ["cluster::serin::serin:cluster:Eks$aws:eks/cluster:Cluster::aws-use1", '"aws-use1": {'],
  ["models::serin::pulumi:providers:kubernetes::dc-fra", '"dc-fra": {'],
  ["platform::serin::pulumi:pulumi:Stack::serin-prod-platform", "platform: {"],
  ["models::serin::pulumi:pulumi:Stack::serin-prod-models", "models: {"],
])("of %s is that of its declaration", (urn, line) => {
  expect(lineOf(`urn:pulumi:prod-${urn}`)).toBe(line);
});

it("is not led astray by comments, strings and values of the same name", () => {
  const odd = [
    "// models: { fraud: {} }",
    'export const dev = { name: "dev", /* models: {} */ note: "models: { fraud }",',
    "  bucket: 'models', list: [models, fraud],",
    "  models: {",
    "    other: { models: { fraud: 1 } }, fraud,",
    "  } };",
  ].join("\n");
  const urn = "urn:pulumi:dev-models::serin::kubernetes:core/v1:Pod::dc-lab-fraud";
  expect(declarationLine(odd, dev, urn)).toBe(5);
  expect(declarationLine("export { dev } from './elsewhere.ts';", dev, urn)).toBe(1);
});
