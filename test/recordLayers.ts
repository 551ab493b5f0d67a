import { layers } from "../components/core/stackName.ts";
import type { RecordedProperties, RecordedResource } from "../engine/recordedResource.ts";
import { recordStack } from "../engine/recorder/recorder.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { declare } from "../stacks/program.ts";
import { stackName } from "../stacks/stackName.ts";

/** The resources of all layers of an environment that need not be among the declared ones, each layer reading those before it. */
export async function recordLayers(environment: Environment): Promise<RecordedResource[]> {
  const outputs = new Map<string, RecordedProperties>();
  const all: RecordedResource[] = [];
  for (const layer of layers) {
    const name = stackName(environment.name, layer);
    const { resources, outputs: published } = await recordStack(name, {
      project: "serin",
      program: () => declare({ environment, layer }),
      stackOutputs: (stack) => outputs.get(stack),
    });
    outputs.set(name, published);
    all.push(...resources);
  }
  return all;
}
