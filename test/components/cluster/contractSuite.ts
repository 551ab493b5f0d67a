import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CloudRules, GpuNodeRules } from "../../../components/cluster/cloudRules.ts";
import { deviceLabels } from "../../../components/cluster/deviceLabels.ts";
import type { GpuCluster } from "../../../components/cluster/gpuCluster.ts";
import type { GpuPool } from "../../../components/cluster/gpuPool.ts";
import type { RecordedResource } from "../../../engine/recordedResource.ts";
import { shown } from "../../../plan/shownValues.ts";
import { type Answers, dependenciesOf, type Recorded, recorded } from "./harness.ts";

const identities = fileURLToPath(new URL("./identity", import.meta.url));

/** A cluster of one cloud, as the contract suite asks it. */
export interface Sample {
  readonly rules: GpuNodeRules | CloudRules;
  readonly answers: Answers;
  readonly build: () => GpuCluster;
  /** Another label, and another maximum of the first pool. Nodes of an adopted cluster are counted, so there only the label. */
  readonly relabelled: () => GpuCluster;
  /** Absent: the cluster is adopted, so the program makes neither nodes nor state. */
  readonly made?: MadeSample;
}

/** A cluster that the program makes. */
export interface MadeSample {
  readonly unprotected: () => GpuCluster;
  /** Types that hold state: they must be protected, and nothing else may be left out of the list. */
  readonly stateful: readonly string[];
  readonly nodePools: string;
  readonly ownCluster: string;
  /** Labels and taints of a pool's nodes in the cloud's spelling, brought into one. */
  readonly marks: (props: Record<string, unknown>) => Marks;
  /** The label by which the cluster autoscaler knows a node with a GPU before there is one; absent where the cloud sets it itself. */
  readonly acceleratorLabel?: string;
}

export interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  /** `key=value:NoSchedule` */
  readonly taints: readonly string[];
}

/** What a cluster publishes, as outputs of a stack. */
const published = (build: () => GpuCluster) => () => {
  const { kubeconfig, clusterIdentifier, gpuPools, labels, modelStore, workloadIdentity } = build();
  return {
    kubeconfig,
    clusterIdentifier,
    gpuPools,
    labels,
    modelStore,
    workloadIdentity: workloadIdentity.kind,
  };
};
/** Each way a sample is run, run once. */
const runs = new Map<string, Map<() => GpuCluster, Promise<Recorded>>>();
function run(build: () => GpuCluster, answers?: Answers): Promise<Recorded> {
  const kind = answers === undefined ? "preview" : "known";
  const ofKind = runs.get(kind) ?? new Map<() => GpuCluster, Promise<Recorded>>();
  runs.set(kind, ofKind);
  const known = ofKind.get(build) ?? recorded(published(build), answers);
  ofKind.set(build, known);
  return known;
}
const urns = ({ resources }: Recorded) => resources.map(({ urn }) => urn).sort();

/** What every cluster owes the layers above it, whatever it runs on. */
export function clusterContract(name: string, sample: Sample): void {
  describe(name, () => {
    it("publishes what every cluster does, the kubeconfig as a secret and the rest not", async () => {
      const { outputs } = await run(sample.build, sample.answers);
      const shownOutputs = shown(outputs) as Record<string, unknown>;
      expect(Object.keys(shownOutputs).sort()).toEqual(
        ["kubeconfig", "clusterIdentifier", "gpuPools", "labels", "modelStore", "workloadIdentity"].sort(),
      );
      expect(shownOutputs.kubeconfig).toBe("[secret]");
      expect(JSON.stringify({ ...shownOutputs, kubeconfig: "" })).not.toContain("[secret]");
      expect(shownOutputs.clusterIdentifier).toEqual(expect.stringMatching(/.+/));
      for (const pool of Object.values(shownOutputs.gpuPools as Record<string, object>)) {
        expect(
          Object.keys(pool)
            .filter((key) => key !== "hostIPC")
            .sort(),
        ).toEqual(
          [
            ...["driver", "gpu", "gpusPerNode", "max", "memoryGiB", "min"],
            ...["nodeSelector", "sharing", "spot", "taints", "vcpu"],
          ].sort(),
        );
      }
    });

    it("keeps the identity of every resource", async () => {
      const all = urns(await run(sample.build));
      expect(new Set(all).size).toBe(all.length);
      await expect(`${all.join("\n")}\n`).toMatchFileSnapshot(join(identities, `${name}.txt`));
    });

    it("makes the same children when nothing is known yet as when all is", async () => {
      expect(urns(await run(sample.build))).toEqual(urns(await run(sample.build, sample.answers)));
    });

    it("is reached by a provider that no new credential replaces", async () => {
      const { resources } = await run(sample.build, sample.answers);
      const [provider, ...others] = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
      expect(others).toEqual([]);
      const { kubeconfig, clusterIdentifier } = shown(provider?.props ?? {}) as Record<string, unknown>;
      expect(kubeconfig).toBe("[secret]");
      expect(clusterIdentifier).toEqual(expect.stringMatching(/.+/));
    });

    it("changes no identity with a label, a tag or a pool's maximum", async () => {
      const before = await run(sample.build, sample.answers);
      const after = await run(sample.relabelled, sample.answers);
      expect(urns(after)).toEqual(urns(before));
      const changed = changedInputs(before.resources, after.resources);
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.filter((path) => !harmless.some((pattern) => pattern.test(path)))).toEqual([]);
    });

    const { made } = sample;
    if (made === undefined) {
      it("makes nothing that a removal could lose", async () => {
        const { resources } = await run(sample.build);
        expect(resources.filter(({ protect }) => protect)).toEqual([]);
        const own = resources.filter(({ type, custom }) => custom && !type.startsWith("pulumi:"));
        // An object that is read is not the program's own.
        expect(own).toEqual([]);
      });
      return;
    }

    it("protects what holds state, and nothing when told not to", async () => {
      const { resources } = await run(sample.build);
      const protectedTypes = [...new Set(resources.filter(({ protect }) => protect).map(({ type }) => type))].sort();
      expect(protectedTypes).toEqual(expect.arrayContaining([...made.stateful]));
      for (const { type, urn, protect } of resources) {
        if (made.stateful.includes(type)) expect([urn, protect]).toEqual([urn, true]);
      }
      const free = await run(made.unprotected);
      expect(free.resources.filter(({ protect }) => protect).map(({ urn }) => urn)).toEqual([]);
    });

    it("marks GPU nodes as pods, the scheduler, the autoscaler and the GPU operator look for them", async () => {
      const { nodePools, marks, acceleratorLabel } = made;
      const { resources, outputs } = await run(sample.build, sample.answers);
      const nodes = resources
        .filter(({ type, name: pool }) => type === nodePools && !pool.includes("system"))
        .map(({ props }) => marks(shown(props) as Record<string, unknown>));
      const pools = Object.values(shown(outputs.gpuPools ?? {}) as Record<string, GpuPool>);
      expect(nodes).toHaveLength(pools.length);
      for (const pool of pools) {
        const wanted = { ...pool.nodeSelector, ...deviceLabels(sample.rules, pool) };
        const own = nodes.filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value));
        expect([wanted, own.length > 0]).toEqual([wanted, true]);
        const taints = own.map(({ taints: written }) => [...written].sort());
        expect(taints).toContainEqual(pool.taints.map(({ key, value, effect }) => `${key}=${value}:${effect}`).sort());
        if (acceleratorLabel !== undefined)
          for (const { labels } of own) expect(labels).toHaveProperty(acceleratorLabel);
      }
    });

    it("takes down what runs on it before what it runs on", async () => {
      const { resources } = await run(sample.build);
      const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes");
      const needed = dependenciesOf(provider?.urn ?? "", resources);
      const pools = resources.filter(({ type }) => type === made.nodePools);
      const cluster = resources.find(({ type }) => type === made.ownCluster);
      expect(needed).toContain(cluster?.urn);
      // The pools that Services run on; GPU pools may come and go under them.
      const system = pools.filter(({ name: pool }) => pool.includes("system"));
      for (const pool of system) expect(needed).toContain(pool.urn);
      for (const pool of pools) {
        expect(dependenciesOf(pool.urn, resources)).toContain(cluster?.urn);
        if (!system.includes(pool)) expect(needed).not.toContain(pool.urn);
      }
    });
  });
}

/** Paths that a label, a tag or a maximum may change; all of them are updated in place. */
const harmless = [
  /\b(tags|labels|resourceLabels|defaultTags|defaultLabels|userLabels|effectiveLabels|nodeLabels)\b/,
  /\b(maxSize|maxCount|totalMaxNodeCount|maxNodeCount)$/,
  /\btagSpecifications\b/,
  /^serin:.*/,
];

function changedInputs(before: readonly RecordedResource[], after: readonly RecordedResource[]): string[] {
  const previous = new Map(before.map((resource) => [resource.urn, resource]));
  return after.flatMap(({ urn, type, props }) => {
    const paths: string[] = [];
    compare(shown(previous.get(urn)?.props ?? {}), shown(props), "", paths);
    return paths.map((path) => `${type} ${path}`);
  });
}

function compare(before: unknown, after: unknown, path: string, paths: string[]): void {
  if (typeof before === "object" && typeof after === "object" && before !== null && after !== null) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(
        (before as Record<string, unknown>)[key],
        (after as Record<string, unknown>)[key],
        `${path}.${key}`,
        paths,
      );
    }
    return;
  }
  if (before !== after) paths.push(path.slice(1));
}
