import { afterEach, describe, expect, it } from "vitest";
import { LiveCluster } from "../../../engine/live/liveCluster.ts";

const kubeconfig = JSON.stringify({
  clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "u", user: {} }],
  contexts: [
    { name: "one", context: { cluster: "c", user: "u", namespace: "one" } },
    { name: "two", context: { cluster: "c", user: "u" } },
  ],
  "current-context": "one",
});

const cluster = (settings: Record<string, unknown>) => new LiveCluster("main", settings, () => {});
const before = process.env.KUBECONFIG;

afterEach(() => {
  if (before === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = before;
});

describe("LiveCluster", () => {
  it("puts objects without a namespace where the provider, else the context, else Kubernetes says", () => {
    expect(cluster({ kubeconfig, namespace: "mine" }).namespace).toBe("mine");
    expect(cluster({ kubeconfig }).namespace).toBe("one");
    expect(cluster({ kubeconfig, context: "two" }).namespace).toBe("default");
  });

  it("takes fields over only where the object or the provider asks for it", () => {
    const object = (annotations = {}) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", annotations },
    });
    expect(cluster({ kubeconfig }).forces(object())).toBe(false);
    expect(cluster({ kubeconfig }).forces(object({ "pulumi.com/patchForce": "true" }))).toBe(true);
    expect(cluster({ kubeconfig, enablePatchForce: "true" }).forces(object())).toBe(true);
  });

  it("never uses the ambient kubeconfig", () => {
    process.env.KUBECONFIG = "/home/someone/.kube/config";
    for (const settings of [{}, { kubeconfig: "" }, { kubeconfig: process.env.KUBECONFIG }]) {
      expect(() => cluster(settings)).toThrow('Kubernetes provider "main" kubeconfig: the program does not set it');
    }
  });
});
