import type { GpuPool, Sharing } from "../../components/cluster/gpuPool.ts";
import { gpuFacts } from "../../components/cluster/machines/gpus.ts";
import { defineCheck, failed, few, notApplicable, passed } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "../clusterNeeds.ts";
import { type PoolNodes, poolNodes, productLabel } from "../gpuNodes.ts";
import { noPools } from "./pools.ts";

/** The GPUs can be shared as declared, and another device plugin does not share them otherwise. */
export const sharing = defineCheck({
  name: "sharing",
  title: "GPU sharing",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: (needs) =>
    poolsOf(needs)
      .map(([name, pool]) => `${name}: ${spoken(pool.sharing)}`)
      .join(", "),
  compare: ({ nodes }, needs) => {
    const isShared = poolsOf(needs).some(([, pool]) => pool.sharing.kind !== "exclusive");
    const found = poolNodes(needs, nodes);
    const otherwise = needs.systems.gpuOperator === "install" ? [] : found.flatMap(sharedOtherwise);
    if (!isShared && otherwise.length === 0) return notApplicable("every pool gives whole GPUs");

    const impossible = impossibleProfiles(needs);
    if (impossible.length > 0)
      return failed(few(impossible), "Declare a profile of that GPU, or another kind of sharing.");
    const incapable = found
      .filter(({ pool }) => pool.sharing.kind === "mig")
      .flatMap((pool) => pool.nodes.filter(({ labels }) => labels["nvidia.com/mig.capable"] === "false"));
    if (incapable.length > 0) {
      return failed(
        `no MIG on ${few(incapable.map(({ name }) => name))}`,
        "Declare timeSlicing or mps, or take GPUs with MIG (A100, H100 and later).",
      );
    }
    const broken = found.flatMap(({ nodes: its }) =>
      its.filter(({ labels }) => labels["nvidia.com/mig.config.state"] === "failed"),
    );
    if (broken.length > 0) {
      return failed(
        `the MIG manager failed on ${few(broken.map(({ name }) => name))}`,
        "Look at its log: kubectl logs -n gpu-operator -l app=nvidia-mig-manager. Pods that use a GPU keep it from being cut.",
      );
    }
    if (otherwise.length > 0) {
      return failed(
        few(otherwise),
        "Declare the pool as it is shared, or have whoever runs the GPU operator change it.",
      );
    }
    return passed("possible");
  },
});

function impossibleProfiles(needs: ClusterNeeds): string[] {
  return poolsOf(needs).flatMap(([name, { gpu, sharing: how }]) => {
    if (how.kind !== "mig") return [];
    const profiles = Object.keys(gpuFacts(gpu).mig ?? {});
    if (profiles.includes(how.profile)) return [];
    return [`${name}: ${gpu} has ${profiles.length === 0 ? "no MIG" : `the profiles ${profiles.join(", ")}`}`];
  });
}

/** Nodes whose GPUs another device plugin shares otherwise, by the labels of feature discovery. */
function sharedOtherwise({ name, pool, nodes }: PoolNodes): string[] {
  return nodes.flatMap((node) => {
    const found = sharingOf(node);
    if (found === undefined || found === expected(pool)) return [];
    return [`${node.name} has ${found}, and pool ${name} declares ${spoken(pool.sharing)}`];
  });
}

function sharingOf({ labels }: NodeFacts): string | undefined {
  const label = labels[productLabel];
  if (label === undefined) return undefined;
  const profile = /-MIG-(\d+g\.\d+gb)/.exec(label)?.[1];
  if (profile !== undefined) return `MIG ${profile}`;
  const strategy = labels["nvidia.com/gpu.sharing-strategy"];
  if (strategy === "time-slicing") return strategy;
  return strategy === "mps" ? "MPS" : "whole GPUs";
}

function expected({ sharing: how }: GpuPool): string {
  return spoken(how).replace(/ by \d+$/, "");
}

function spoken(how: Sharing): string {
  switch (how.kind) {
    case "exclusive":
      return "whole GPUs";
    case "mig":
      return `MIG ${how.profile}`;
    case "timeSlicing":
      return `time-slicing by ${how.replicas}`;
    case "mps":
      return `MPS by ${how.clients}`;
  }
}
