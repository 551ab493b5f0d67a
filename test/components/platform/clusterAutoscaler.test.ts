import { Provider } from "@pulumi/kubernetes/provider.js";
import { describe, expect, it } from "vitest";
import { kubernetesVersions } from "../../../components/core/kubernetesVersions.ts";
import {
  ClusterAutoscaler,
  type ClusterAutoscalerArgs,
  clusterAutoscalerValues,
} from "../../../components/platform/clusterAutoscaler.ts";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

const args = (changes: Partial<ClusterAutoscalerArgs> = {}): ClusterAutoscalerArgs => ({
  cluster: "prod-aws-use1",
  region: "us-east-1",
  kubernetesVersion: "1.35",
  scraped: true,
  install: {},
  ...changes,
});
const valuesOf = (changes: Partial<ClusterAutoscalerArgs>) =>
  clusterAutoscalerValues({ ...args(changes), zones: true });

describe("the autoscaler on EKS", () => {
  it.each<[string, Partial<ClusterAutoscalerArgs>, object]>([
    [
      "finds the node groups of its own cluster, by the tags that EKS gives them",
      {},
      { cloudProvider: "aws", awsRegion: "us-east-1", autoDiscovery: { clusterName: "prod-aws-use1" } },
    ],
    [
      "runs as the service account that has the rights in AWS",
      {},
      { rbac: { serviceAccount: { name: "cluster-autoscaler" } } },
    ],
    [
      "lets nodes go whose pods are in the mesh, or the cluster's own",
      {},
      { extraArgs: { "skip-nodes-with-local-storage": false, "skip-nodes-with-system-pods": false } },
    ],
    [
      "takes the pool that wastes the least, and grows pools evenly that are alike",
      {},
      { extraArgs: { expander: "least-waste", "balance-similar-node-groups": true } },
    ],
    [
      "waits for a GPU node as long as on AKS, before it buys another one",
      {},
      { extraArgs: { "max-node-provision-time": "30m" } },
    ],
    [
      "survives its node, on pods that prefer to be apart",
      {},
      {
        replicaCount: 2,
        topologySpreadConstraints: [
          { topologyKey: "topology.kubernetes.io/zone", labelSelector: { matchLabels: expect.anything() } },
          { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: expect.anything() } },
        ],
      },
    ],
    ["makes room for the cluster's DNS without asking it", {}, { dnsPolicy: "Default" }],
    [
      "has no rights on its node",
      {},
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containerSecurityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
    [
      "is scraped by an installed Prometheus, from a namespace that every cluster has",
      {},
      { serviceMonitor: { enabled: true, namespace: "kube-system" } },
    ],
    [
      "needs no resources of Prometheus where it is not scraped",
      { scraped: false },
      { serviceMonitor: { enabled: false } },
    ],
  ])("%s", (_, changes, values) => {
    expect(valuesOf(changes)).toMatchObject(values);
  });

  it.each(kubernetesVersions)("has the minor version of Kubernetes %s", (kubernetesVersion) => {
    const { tag } = valuesOf({ kubernetesVersion }).image as { tag: string };
    expect(tag).toMatch(new RegExp(`^v${kubernetesVersion.replace(".", "\\.")}\\.\\d+$`));
  });
});

it("installs the pinned chart into kube-system, which is there", async () => {
  const result = await recorded(() => {
    const provider = new Provider("k8s", { kubeconfig: "{}", clusterIdentifier: "c" });
    new ClusterAutoscaler("c-cluster-autoscaler", args(), { providers: [provider] });
    return {};
  });
  expect(inputsOf(result, "kubernetes:helm.sh/v4:Chart")).toMatchObject({
    chart: "cluster-autoscaler",
    version: "9.59.0",
    repositoryOpts: { repo: "https://kubernetes.github.io/autoscaler" },
    name: "cluster-autoscaler",
    namespace: "kube-system",
  });
  expect(result.resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace")).toEqual([]);
});

describe("in prod", async () => {
  const resources = (await record("prod")).flatMap((stack) => stack.resources);
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const [chart] = ofType("kubernetes:helm.sh/v4:Chart").filter(({ name }) => name.includes("cluster-autoscaler"));

  it("only the cluster on AWS has one, since the other clouds run theirs", () => {
    expect(ofType("serin:platform:ClusterAutoscaler").map(({ name }) => name)).toEqual(["aws-use1-cluster-autoscaler"]);
  });

  it("it looks for the cluster by the name that AWS knows it by, and runs as who the cluster gave rights to", () => {
    const [cluster] = ofType("aws:eks/cluster:Cluster");
    const identities = ofType("aws:eks/podIdentityAssociation:PodIdentityAssociation").map(({ props }) => shown(props));
    const { values, namespace } = shown(chart?.props ?? {}) as {
      values: { autoDiscovery: { clusterName: string }; rbac: { serviceAccount: { name: string } } };
      namespace: string;
    };
    expect(values.autoDiscovery.clusterName).toBe((shown(cluster?.props ?? {}) as { name: string }).name);
    expect(identities).toContainEqual(
      expect.objectContaining({ namespace, serviceAccount: values.rbac.serviceAccount.name }),
    );
  });

  it("it comes after Prometheus, whose ServiceMonitor it brings", () => {
    const [autoscaler] = ofType("serin:platform:ClusterAutoscaler");
    const charts = ofType("kubernetes:helm.sh/v4:Chart").map(({ urn }) => urn);
    const [prometheus] = charts.filter((urn) => urn.endsWith("::aws-use1-prometheus-chart"));
    expect(autoscaler?.dependencies).toContain(prometheus);
  });
});
