import { describe, expect, it } from "vitest";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { dependenciesOf } from "../components/cluster/harness.ts";
import { record } from "./record.ts";

const stacks = await record("prod");
const resourcesOf = (stack: string) => stacks.find((recorded) => recorded.stack === stack)?.resources ?? [];

/** What is deleted later than a resource: all that it depends on. */
function outlives(resources: readonly RecordedResource[], name: string): string[] {
  const found = resources.filter((resource) => resource.name === name);
  expect([name, found.length]).toEqual([name, 1]);
  const urns = dependenciesOf(found[0]?.urn ?? "", resources);
  return resources.filter(({ urn }) => urns.has(urn)).map((resource) => resource.name);
}

describe.each(Object.keys(prod.clusters))("taking down the platform of %s", (cluster) => {
  const resources = resourcesOf("prod-platform");

  it("deletes the gateway's load balancer while the mesh and its namespace are still there", () => {
    expect(outlives(resources, `${cluster}-istio-ingressgateway`)).toEqual(
      expect.arrayContaining([
        `${cluster}-istio-istiod`,
        `${cluster}-istio-base`,
        `${cluster}-istio-ingress-namespace`,
        `${cluster}-istio-namespace`,
      ]),
    );
  });

  it("deletes custom resources before what defines them and what looks after them", () => {
    expect(outlives(resources, `${cluster}-istio-gateway`)).toEqual(
      expect.arrayContaining([`${cluster}-istio-ingressgateway`, `${cluster}-istio-istiod`, `${cluster}-istio-base`]),
    );
    expect(outlives(resources, `${cluster}-istio-strict-mtls`)).toContain(`${cluster}-istio-base`);
    expect(outlives(resources, `${cluster}-models-strict-mtls`)).toContain(`${cluster}-istio-istiod`);
  });

  it("deletes nothing through a cluster's provider after the provider", () => {
    const provider = resources.find(({ type, name }) => type === "pulumi:providers:kubernetes" && name === cluster);
    const own = resources.filter(({ provider: of }) => of?.name === cluster);
    expect(own.length).toBeGreaterThan(5);
    for (const { provider: of } of own) expect(of?.urn).toBe(provider?.urn);
  });
});

it("deletes a model's Rollout before the Services and routes that its controller still writes to", () => {
  const needed = outlives(resourcesOf("prod-models"), "aws-use1-fraud-rollout");
  expect(needed).toEqual(
    expect.arrayContaining([
      "aws-use1-fraud-service",
      "aws-use1-fraud-release",
      "aws-use1-fraud-destination-rule",
      "aws-use1-fraud-guard",
    ]),
  );
});

it("keeps the network of an EKS cluster until its nodes are gone, and the nodes until the Kubernetes provider is", () => {
  const resources = resourcesOf("prod-cluster");
  const provider = outlives(resources, "prod-aws-use1-provider");
  expect(provider).toContain("prod-aws-use1-system");
  const nodes = outlives(resources, "prod-aws-use1-system");
  for (const role of ["nat-us-east-1a", "private-us-east-1a-routes", "public-route", "internet"]) {
    expect(nodes).toContain(`prod-aws-use1-network-${role}`);
  }
});

it("refuses to remove protected clusters before anything of an unprotected one is gone", () => {
  const resources = resourcesOf("prod-cluster");
  const guards = resources.flatMap(({ type, name }) => (type === "serin:cluster:RemovalGuard" ? [name] : [])).sort();
  expect(guards).toEqual(["prod-aws-use1-guard", "prod-azure-weu-guard", "prod-gcp-euw4-guard"]);
  for (const guard of guards) expect(outlives(resources, guard)).toContain("dc-fra-provider");
});
