import { expect, it } from "vitest";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { RegistryMirror } from "../../components/core/registryMirror.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { shop } from "../fixtures/shop.ts";
import { recordLayers } from "../recordLayers.ts";

/** The registries whose images each chart runs, as the charts name them at their pinned versions. */
const registries: Readonly<Record<string, readonly string[]>> = {
  base: [],
  gateway: [],
  "prometheus-operator-crds": [],
  istiod: ["docker.io"],
  "argo-rollouts": ["quay.io"],
  "kube-prometheus-stack": ["quay.io", "registry.k8s.io"],
  "cert-manager": ["quay.io"],
  "metrics-server": ["registry.k8s.io"],
  "cluster-autoscaler": ["registry.k8s.io"],
  "aws-load-balancer-controller": ["public.ecr.aws"],
  "gpu-operator": ["nvcr.io", "registry.k8s.io"],
  "dcgm-exporter": ["nvcr.io"],
  "aws-efa-k8s-device-plugin": ["602401143452.dkr.ecr.us-west-2.amazonaws.com"],
};

const charts = "oci://mirror.example.com/charts";

function withMirror(spec: ClusterSpec, registryMirror: RegistryMirror): ClusterSpec {
  const mirrored =
    spec.cloud === "onPrem" ? { ...spec, settings: { ...spec.settings, registryMirror } } : { ...spec, registryMirror };
  expect(cloudOf(mirrored).settings(mirrored)?.registryMirror).toEqual(registryMirror);
  return mirrored;
}

/** With nodes that have Elastic Fabric Adapters, so that every chart is installed somewhere. */
const clusters: Readonly<Record<string, ClusterSpec>> = {
  ...shop.clusters,
  aws: {
    ...shop.clusters.aws,
    gpuPools: {
      ...shop.clusters.aws.gpuPools,
      efa: { machine: "p5.48xlarge", min: 0, max: 2, zones: ["us-east-1a"], placement: "compact" },
    },
  },
};

/** The addresses of a mirror that each chart's values name, and the images of the models. */
async function mirrored(images: NonNullable<RegistryMirror["images"]>) {
  const all = Object.fromEntries(
    Object.entries(clusters).map(([key, spec]) => [key, withMirror(spec, { charts, images })]),
  );
  const resources = await recordLayers({ ...shop, clusters: all } as Environment);
  const ofType = (end: string) => resources.filter(({ type }) => type.endsWith(end)).map(({ props }) => shown(props));
  const addresses = (ofType(":helm.sh/v4:Chart") as { chart: string; values: object }[]).map(({ chart, values }) => {
    expect(chart).toMatch(/^oci:\/\/mirror\.example\.com\/charts\/[a-z0-9-]+$/);
    const found = JSON.stringify(values).match(/mirror\.example\.com\/images(-[a-z0-9.-]+)?/g) ?? [];
    return [chart.slice(charts.length + 1), [...new Set(found)].sort()] as const;
  });
  expect([...new Set(addresses.map(([chart]) => chart))].sort()).toEqual(Object.keys(registries).sort());
  const models = ofType(":Rollout").map((props) => /"image":"([^"]+)"/.exec(JSON.stringify(props))?.[1]);
  expect(models.length).toBeGreaterThan(2);
  return { addresses, models };
}

it("on every cluster, charts come from its mirror, and the images of charts and models", async () => {
  const { addresses, models } = await mirrored("mirror.example.com/images");
  for (const [chart, found] of addresses) {
    expect([chart, found]).toEqual([chart, registries[chart]?.length === 0 ? [] : ["mirror.example.com/images"]]);
  }
  for (const image of models) expect(image).toMatch(/^mirror\.example\.com\/images\/nvidia\/tritonserver@sha256:/);
});

it("a mirror with an address for each registry has it in each chart that runs an image of that registry", async () => {
  const all = [...new Set(Object.values(registries).flat())];
  const { addresses, models } = await mirrored(
    Object.fromEntries(all.map((registry) => [registry, `mirror.example.com/images-${registry}`])),
  );
  for (const [chart, found] of addresses) {
    const wanted = (registries[chart] ?? []).map((registry) => `mirror.example.com/images-${registry}`).sort();
    expect([chart, found]).toEqual([chart, wanted]);
  }
  for (const image of models) expect(image).toMatch(/^mirror\.example\.com\/images-nvcr\.io\/nvidia\/tritonserver@/);
});
