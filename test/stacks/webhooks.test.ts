import { afterAll, beforeAll, expect, it } from "vitest";
import { cloudOf } from "../../components/cluster/clouds.ts";
import { systemCluster, systems } from "../../components/platform/systems.ts";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { toy } from "../components/platform/toy/toySystem.ts";
import { recordLayers } from "../recordLayers.ts";

// A system whose webhook no other has, as cert-manager or Kueue would bring one.
beforeAll(() => void Object.assign(systems, { toy }));
afterAll(() => void Reflect.deleteProperty(systems, "toy"));

/** Every GKE cluster of every environment, alone, with the further system. */
const onGke = Object.values<Environment>(environments).flatMap(({ clusters, ...environment }) =>
  Object.entries(clusters)
    .filter(([, spec]) => cloudOf(spec).rules.service === "GKE")
    .map(
      ([key, spec]) =>
        [
          `${environment.name}-${key}`,
          {
            ...environment,
            clusters: { [key]: spec },
            platform: { ...environment.platform, toy: { install: {} } },
          } as Environment,
        ] as const,
    ),
);

/** The ports that rules of the network let in, from anywhere. */
function admitted(resources: readonly RecordedResource[]): number[] {
  return resources
    .filter(({ type }) => type === "gcp:compute/firewall:Firewall")
    .flatMap(({ props }) => (shown(props) as { allows: { ports: string[] }[] }).allows)
    .flatMap(({ ports }) => ports.map(Number));
}

it.each(onGke)(
  "the control plane of %s reaches the webhooks of every system there, and no other port",
  async (_, alone) => {
    const [[key, spec] = []] = Object.entries(alone.clusters);
    if (key === undefined || spec === undefined) throw new Error("there is no cluster");
    const { modes } = systemCluster(alone, key, spec, alone.platform);
    const there = Object.entries(systems).filter(([system]) => modes[system] !== "none");
    const ports = there.flatMap(([, { webhookPorts }]) => webhookPorts);
    expect(ports).toEqual(expect.arrayContaining([9443, 15017]));
    expect(admitted(await recordLayers(alone)).sort()).toEqual([...new Set(ports)].sort());
  },
);
