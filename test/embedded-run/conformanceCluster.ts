import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import type { TestCluster } from "../engine/conformance/liveEngineUnderTest.ts";
import { startControlPlane } from "./controlPlane.ts";

/**
 * An API server for the conformance suite, with the garbage collector: Istio's definitions, and the other kinds of a
 * model without a schema.
 */
export async function startConformanceCluster(): Promise<TestCluster> {
  const plane = await startControlPlane({ garbageCollector: true });
  const apply = (path: string, object: KubernetesObject) =>
    plane.send({
      method: "PATCH",
      path: `${path}/${object.metadata.name}`,
      query: { fieldManager: "test", force: "true" },
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  for (const file of plane.istioDefinitions) {
    for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
      const definition = document.toJS() as KubernetesObject | null;
      if (definition?.kind === "CustomResourceDefinition") await apply(definitions, definition);
    }
  }
  for (const definition of [
    anything("argoproj.io", "v1alpha1", "Rollout"),
    anything("argoproj.io", "v1alpha1", "AnalysisTemplate"),
    anything("monitoring.coreos.com", "v1", "PodMonitor"),
    anything("monitoring.coreos.com", "v1", "PrometheusRule"),
  ]) {
    await apply(definitions, definition);
  }
  await apply("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "conformance" } });
  return {
    kubeconfig: plane.kubeconfig,
    client: plane.client,
    namespace: () => "conformance",
    stop: () => plane.stop(),
  };
}

/** The definition of a kind that takes any field. */
function anything(group: string, version: string, kind: string): KubernetesObject {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}
