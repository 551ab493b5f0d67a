import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Allocation } from "../../../embedded/controlPlane/allocation.ts";
import { definitionsIn } from "../../../embedded/controlPlane/bootstrap.ts";
import {
  configurationObjects,
  metricsObjects,
  modelStoreObjects,
  namespaceObjects,
  nodeObjects,
} from "../../../embedded/controlPlane/objects.ts";
import { roleObjects } from "../../../embedded/controlPlane/roles.ts";
import { makeAllocation } from "../allocation.fixture.ts";

let allocation: Allocation;
beforeAll(async () => {
  allocation = await makeAllocation();
});
afterAll(() => rmSync(allocation.dataDir, { recursive: true, force: true }));

describe("the objects of a new environment", () => {
  it("contain the addresses of the gateway and of Prometheus for the platform", () => {
    const found = configurationObjects(allocation).find(({ metadata }) => metadata.name === "serin-embedded");
    expect(found).toMatchObject({
      kind: "ConfigMap",
      metadata: { namespace: "serin-system" },
      data: {
        environment: "local",
        prometheusAddress: "http://127.251.0.1:9090",
        gatewayBind: "127.251.0.1",
        gatewayPort: "8080",
        gatewayAddress: "127.251.0.1:8080",
      },
    });
  });

  it("switch off the mesh features that need istio-agent", () => {
    const mesh = configurationObjects(allocation).find(({ metadata }) => metadata.name === "istio")?.data as {
      mesh: string;
    };
    expect(parse(mesh.mesh)).toMatchObject({ enableAutoMtls: false, outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } });
  });

  it("bind the model store to the link inside the environment's folder, read-only", () => {
    const { volume, claim } = modelStoreObjects("/data/local");
    expect(volume).toMatchObject({
      spec: {
        accessModes: ["ReadOnlyMany"],
        hostPath: { path: "/data/local/model-store" },
        claimRef: { namespace: "models", name: "model-store" },
      },
    });
    expect(claim).toMatchObject({
      metadata: { namespace: "models", name: "model-store" },
      spec: { volumeName: "model-store" },
    });
  });

  it("are all in a namespace that is created", () => {
    const made = namespaceObjects().map(({ metadata }) => metadata.name);
    const objects = [
      ...configurationObjects(allocation),
      ...Object.values(modelStoreObjects("/data")),
      ...roleObjects(),
    ];
    const used = objects.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(made).toEqual(expect.arrayContaining(used));
  });

  it("include a node with GPUs and the GPU taint, and a node without GPUs", () => {
    const nodes = nodeObjects(allocation).map(({ metadata, spec, status }) => ({ name: metadata.name, spec, status }));
    expect(nodes).toMatchObject([
      { name: "cpu-1", status: { allocatable: { cpu: "64" } } },
      {
        name: "gpu-1",
        spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] },
        status: { allocatable: { "nvidia.com/gpu": "8" } },
      },
    ]);
    expect(JSON.stringify(nodes[0])).not.toContain("nvidia");
  });

  it("have the node agent for the kubelet of every node, and for metrics", () => {
    const { host, ports } = allocation;
    for (const { status } of nodeObjects(allocation)) {
      expect(status).toMatchObject({
        addresses: [{ type: "InternalIP", address: host }],
        daemonEndpoints: { kubeletEndpoint: { Port: ports.kubelet } },
      });
    }
    const [service, registration] = metricsObjects(allocation, "authority");
    expect(service).toMatchObject({ spec: { type: "ExternalName", externalName: host } });
    expect(registration).toMatchObject({
      metadata: { name: "v1beta1.metrics.k8s.io" },
      spec: { service: { port: ports.kubelet }, caBundle: Buffer.from("authority").toString("base64") },
    });
    expect(registration?.spec).not.toHaveProperty("insecureSkipTLSVerify");
  });

  it("give no component write access to all resources", () => {
    for (const role of roleObjects().filter(({ kind }) => kind === "ClusterRole" || kind === "Role")) {
      for (const rule of role.rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[]) {
        expect(rule.apiGroups).not.toContain("*");
        expect(rule.verbs).not.toContain("*");
        if (rule.resources.includes("*")) expect(rule.verbs).toEqual(["get", "list", "watch"]);
      }
    }
  });

  it("let only istiod and the node agent write WorkloadEntries", () => {
    const writers = roleObjects().filter(({ rules }) =>
      ((rules ?? []) as { resources: string[]; verbs: string[] }[]).some(
        ({ resources, verbs }) => resources.includes("workloadentries") && verbs.includes("create"),
      ),
    );
    expect(writers.map(({ metadata }) => metadata.name)).toEqual(["serin-istiod", "serin-node-agent"]);
  });
});

describe("definitionsIn", () => {
  it("splits a file into definitions with their names, whatever fields precede the name", () => {
    const text = [
      "# generated",
      "apiVersion: apiextensions.k8s.io/v1",
      "kind: CustomResourceDefinition",
      "metadata:",
      "  annotations:",
      '    "helm.sh/resource-policy": keep',
      "    name: not-this-one",
      "  name: gateways.networking.istio.io",
      "spec:",
      "  names:",
      "    name: nor-this",
      "---",
      "apiVersion: v1",
      "kind: ConfigMap",
      "metadata:",
      "  name: other",
      "---",
      "apiVersion: apiextensions.k8s.io/v1",
      "kind: CustomResourceDefinition",
      "metadata:",
      "  name: rollouts.argoproj.io",
      "",
    ].join("\n");
    const found = definitionsIn(text);
    expect(found.map(({ name }) => name)).toEqual(["gateways.networking.istio.io", "rollouts.argoproj.io"]);
    expect(parse(found[1]?.text ?? "")).toMatchObject({ metadata: { name: "rollouts.argoproj.io" } });
  });

  it("refuses a definition without a name", () => {
    expect(() => definitionsIn("kind: CustomResourceDefinition\nmetadata:\n  labels: {}\n")).toThrow("no name");
  });
});
