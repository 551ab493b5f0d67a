import { expect, it } from "vitest";
import { shown, unknownShown } from "../../plan/shownValues.ts";
import { environments } from "../../stacks/environments/index.ts";
import { record } from "./record.ts";

it.each(Object.keys(environments))(
  "every Kubernetes resource of %s has an explicit provider, which knows its cluster",
  async (environment) => {
    for (const { resources } of await record(environment)) {
      for (const { type, name, provider, custom, props } of resources) {
        // A site that manifests are rendered for has no API server to be told from another.
        if (type === "pulumi:providers:kubernetes" && !("renderYamlToDirectory" in props)) {
          expect(props, name).toHaveProperty("clusterIdentifier");
        }
        if (custom && type.startsWith("kubernetes:")) expect(provider?.type, name).toBe("pulumi:providers:kubernetes");
      }
    }
  },
);

it("ignores exactly the fields the Rollouts controller owns", async () => {
  const resources = (await record("local")).flatMap((stack) => stack.resources);
  const ignoring = resources.flatMap(({ name, ignoreChanges }) =>
    ignoreChanges === undefined ? [] : [[name, ignoreChanges]],
  );
  expect(Object.fromEntries(ignoring)).toEqual({
    "embedded-fraud-canary": ["spec.selector"],
    "embedded-fraud-destination-rule": ["spec.subsets"],
    "embedded-fraud-release": ["spec.http"],
    "embedded-fraud-stable": ["spec.selector"],
  });
});

it("declares the Rollout after everything it refers to", async () => {
  const models = (await record("local")).at(-1);
  const rollout = models?.resources.find(({ type }) => type.endsWith(":Rollout"));
  const types = rollout?.dependencies.map((urn) => urn.split("::")[2]?.split(":").at(-1)).sort();
  expect(types).toEqual([
    "AnalysisTemplate",
    "AnalysisTemplate",
    "AnalysisTemplate",
    "AnalysisTemplate",
    "AnalysisTemplate",
    "DestinationRule",
    "Service",
    "Service",
    "Service",
    "ServiceAccount",
    "VirtualService",
    "VirtualService",
    "VirtualService",
  ]);
});

it.each([
  ["dev", ["dcLabKubeconfig"]],
  ["prod", ["dcFraKubeconfig", "dcFraStoreKeyId", "dcFraStoreKey"]],
])("never lets a secret of %s out of its wrapping: neither into state nor into an output", async (name, keys) => {
  const planted = Object.fromEntries(keys.map((key) => [`serin:${key}`, `planted-${key}-token`]));
  const stacks = await record(name, planted);
  const recorded = JSON.stringify(stacks);
  for (const text of Object.values(planted)) {
    expect(recorded).toContain(text);
    for (const stack of stacks) {
      for (const { props } of stack.resources) expect(JSON.stringify(shown(props))).not.toContain(text);
      expect(JSON.stringify(shown(stack.outputs))).not.toContain(text);
    }
  }
});

it("publishes the network and the key of the volumes of an EKS cluster, and none of a site", async () => {
  const cluster = (await record("prod")).find(({ stack }) => stack === "prod-cluster");
  const { clusters } = shown(cluster?.outputs ?? {}) as { clusters: Record<string, object> };
  expect(clusters["aws-use1"]).toMatchObject({ network: { id: unknownShown }, volumeKey: unknownShown });
  expect(Object.keys(clusters["dc-fra"] ?? {}).sort()).toEqual(["clusterIdentifier", "identities", "modelStore"]);
});

it("gives an EKS cluster the default storage class it lacks, before Prometheus asks for a volume", async () => {
  const platform = (await record("prod")).find(({ stack }) => stack === "prod-platform");
  const classes = platform?.resources.filter(({ type }) => type.endsWith(":StorageClass")) ?? [];
  expect(classes.map(({ name, props }) => [name, shown(props)])).toEqual([
    [
      "aws-use1-storage-class",
      expect.objectContaining({
        metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        provisioner: "ebs.csi.aws.com",
        volumeBindingMode: "WaitForFirstConsumer",
      }),
    ],
  ]);
  const chart = platform?.resources.find(({ name }) => name === "aws-use1-prometheus-chart");
  const prometheus = platform?.resources.find(({ name }) => name === "aws-use1-prometheus");
  expect([...(chart?.dependencies ?? []), ...(prometheus?.dependencies ?? [])]).toContain(classes[0]?.urn);
});
