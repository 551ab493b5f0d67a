import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

/**
 * A small program of three layers with what ours use: providers, components, reads, secrets, references between layers.
 */
export default function program(): Record<string, unknown> {
  const [environment, layer] = pulumi.getStack().split("-");
  switch (layer) {
    case "cluster":
      return clusterLayer();
    case "platform":
      return platformLayer(new pulumi.StackReference(`${environment}-cluster`));
    default:
      return modelsLayer(new pulumi.StackReference(`${environment}-cluster`));
  }
}

class Group extends pulumi.ComponentResource {
  constructor(type: string, name: string, opts?: pulumi.ComponentResourceOptions) {
    super(`serin:test:${type}`, name, { note: "summary" }, opts);
  }

  override registerOutputs(outputs?: pulumi.Inputs): void {
    super.registerOutputs(outputs);
  }
}

function clusterLayer(): Record<string, unknown> {
  const kubeconfig = new pulumi.Config().requireSecret("kubeconfig");
  const cluster = new Group("Cluster", "main");
  const provider = new Provider("main-provider", { kubeconfig, clusterIdentifier: "main" }, { parent: cluster });
  const kubeSystem = Namespace.get("kube-system", "kube-system", { parent: cluster, provider });
  cluster.registerOutputs({ kubeconfig });
  return { kubeconfig, clusterIdentifier: "main", uid: kubeSystem.metadata.uid, pools: { l4: { nodes: 2 } } };
}

function platformLayer(cluster: pulumi.StackReference): Record<string, unknown> {
  const provider = providerOf(cluster);
  const namespace = new Namespace("models", { metadata: { name: "models" } }, { provider });
  const settings = new ConfigMap(
    "settings",
    {
      metadata: { namespace: namespace.metadata.name },
      data: { identifier: cluster.requireOutput("clusterIdentifier") },
    },
    { provider },
  );
  return { namespace: namespace.metadata.name, settings: settings.metadata.name, uid: namespace.metadata.uid };
}

function modelsLayer(cluster: pulumi.StackReference): Record<string, unknown> {
  const provider = providerOf(cluster);
  const outer = new Group("Models", "all", { providers: [provider] });
  const inner = new Group("Model", "fraud", { parent: outer });
  const token = new Secret(
    "token",
    { metadata: { name: "token", namespace: "models" }, stringData: { token: pulumi.secret("s3cret") } },
    { parent: inner },
  );
  const widget = new CustomResource(
    "widget",
    {
      apiVersion: "serin.test/v1",
      kind: "Widget",
      metadata: { name: "widget", namespace: "models" },
      spec: { size: 1, tokenFrom: token.metadata.name, weights: [{ to: "stable", weight: 100 }] },
    },
    { parent: inner, ignoreChanges: ["spec.weights"], dependsOn: [token] },
  );
  inner.registerOutputs({});
  outer.registerOutputs({});
  return { widget: widget.metadata.name, uid: widget.metadata.uid };
}

function providerOf(cluster: pulumi.StackReference): Provider {
  return new Provider("cluster", {
    kubeconfig: cluster.requireOutput("kubeconfig"),
    clusterIdentifier: cluster.requireOutput("clusterIdentifier"),
  });
}
