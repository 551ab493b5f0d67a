import { expect, it } from "vitest";
import { type Layer, layers } from "../../components/core/stackName.ts";
import type { RecordedProperties, RecordedResource } from "../../engine/recordedResource.ts";
import { recordStack } from "../../engine/recorder/recorder.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { declare } from "../../stacks/program.ts";
import { stackName } from "../../stacks/stackName.ts";

const outputs = new Map<string, RecordedProperties>();

async function record(layer: Layer, cluster?: string): Promise<readonly RecordedResource[]> {
  const name = stackName(prod.name, layer, cluster);
  const recorded = await recordStack(name, {
    project: "serin",
    program: () => declare({ environment: prod, layer, ...(cluster === undefined ? {} : { cluster }) }),
    config: { "serin:clusterStack": "prod-cluster" },
    stackOutputs: (stack) => outputs.get(stack),
  });
  outputs.set(name, recorded.outputs);
  return recorded.resources;
}

/** What `docs/clusters.md` tells `pulumi state move` to take: what one provider has made, its parents, their children. */
function moved(resources: readonly RecordedResource[], cluster: string): string[] {
  const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
  const lineOf = (urn: string): string[] => {
    const parent = parents.get(urn);
    return parent === undefined || parent.includes("::pulumi:pulumi:Stack::") ? [urn] : [urn, ...lineOf(parent)];
  };
  const made = resources.filter(({ provider }) => provider?.urn.endsWith(`::pulumi:providers:kubernetes::${cluster}`));
  const roots = new Set(made.map(({ urn }) => lineOf(urn).at(-1)));
  return resources.map(({ urn }) => urn).filter((urn) => roots.has(lineOf(urn).at(-1)));
}

it("a stack of one cluster has what can be moved there out of the stack of all, under the same names", async () => {
  await record("cluster");
  const wide = { platform: await record("platform"), models: await record("models") };
  for (const cluster of Object.keys(prod.clusters)) {
    for (const layer of layers.filter((one) => one !== "cluster")) {
      const narrow = await record(layer, cluster);
      // The stack, its reference and the provider come with the move, or are made anew, and hold nothing on a cluster.
      const declared = narrow.filter(({ type }) => !type.startsWith("pulumi:")).map(({ urn }) => urn);
      const renamed = moved(wide[layer], cluster).map((urn) =>
        urn.replace(`urn:pulumi:prod-${layer}::`, `urn:pulumi:prod-${layer}-${cluster}::`),
      );
      expect(renamed.length).toBeGreaterThan(5);
      expect(renamed.sort()).toEqual(declared.sort());
    }
  }
}, 60_000);
