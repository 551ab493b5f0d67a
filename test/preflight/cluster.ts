import { readFileSync } from "node:fs";
import type { V1Lease, V1Node } from "@kubernetes/client-node";
import { type GpuPool, gpuTaint } from "../../components/cluster/gpuPool.ts";
import type { CheckResult } from "../../preflight/check.ts";
import { accessNeeds } from "../../preflight/checks/permissions.ts";
import type { ApiFacts, ClusterContents, ClusterFacts, LeaseFacts, NodeFacts } from "../../preflight/clusterFacts.ts";
import type { ClusterNeeds } from "../../preflight/clusterNeeds.ts";
import { preflightChecks } from "../../preflight/preflightChecks.ts";
import { leaseFacts, nodeFacts } from "../../preflight/readObjects.ts";

export type Fixture =
  | "aks"
  | "amd"
  | "cpu-only"
  | "eks"
  | "gke"
  | "k3s"
  | "mixed-os"
  | "no-driver"
  | "not-ready"
  | "old-containerd"
  | "rhel-shared"
  | "rke2"
  | "too-small"
  | "wrong-taint";

/** The nodes of a cluster, from what its API server answered. */
export function nodesOf(fixture: Fixture): NodeFacts[] {
  return items<V1Node>(fixture).map(nodeFacts);
}

export function leasesOf(fixture: "stale-leases"): LeaseFacts[] {
  return items<V1Lease>(fixture).flatMap(leaseFacts);
}

function items<Item>(fixture: string): Item[] {
  return JSON.parse(readFileSync(new URL(`fixtures/${fixture}.json`, import.meta.url), "utf8")).items;
}

/** A pool as our clusters publish it: one node with one L4, the driver installed by the operator. */
export function pool(changes: Partial<GpuPool> = {}): GpuPool {
  return {
    gpu: "L4",
    gpusPerNode: 1,
    min: 1,
    max: 4,
    sharing: { kind: "exclusive" },
    driver: { owner: "operator" },
    vcpu: 8,
    memoryGiB: 32,
    spot: false,
    nodeSelector: { "serin.dev/gpu-class": "L4" },
    taints: [gpuTaint],
    ...changes,
  };
}

/** What a cluster without GPUs needs that adopts everything; each test adds what it is about. */
export function needs(changes: Partial<ClusterNeeds> = {}): ClusterNeeds {
  return {
    versions: {},
    gpuPools: {},
    deviceLabels: {},
    systems: { istio: "none", prometheus: "none", argoRollouts: "none", gpuOperator: "none" },
    models: [],
    modelNamespace: { name: "models", mode: "adopt" },
    namespaces: [],
    storage: { kind: "none" },
    ingress: { kind: "none" },
    networkPolicy: "unenforced",
    ...changes,
  };
}

export const noon = "2026-11-22T12:00:30.000Z";

/** Its administrator asks. */
const access = accessNeeds(
  needs({ systems: { istio: "install", prometheus: "install", argoRollouts: "install", gpuOperator: "install" } }),
).map((need) => ({ ...need, allowed: true }));

/** A reachable cluster with nothing in it but what is given. */
export function facts(
  contents: Partial<ClusterContents> = {},
  api: Partial<ApiFacts> = {},
): ClusterFacts & { readonly api: ApiFacts } {
  const empty = { nodes: [], leases: [], access, definitions: [], storageClasses: [], daemonSets: [] };
  return {
    server: "https://10.0.0.1:6443",
    images: [],
    api: {
      reachable: true,
      version: "v1.35.3",
      clock: { server: noon, here: noon },
      refused: {},
      contents: {
        ...{ ...empty, deployments: [], services: [], namespaces: [], prometheuses: [], podMonitors: [] },
        ...contents,
      },
      ...api,
    },
  };
}

/** The verdict of one check. */
export function verdict(check: string, seen: ClusterFacts, needed: ClusterNeeds): Omit<CheckResult, "check" | "title"> {
  const { check: _, title: __, ...found } = result(check, seen, needed);
  return found;
}

export function result(check: string, seen: ClusterFacts, needed: ClusterNeeds): CheckResult {
  const found = preflightChecks(seen, needed).find((one) => one.check === check);
  if (found === undefined) throw new Error(`there is no check ${check}`);
  return found;
}
