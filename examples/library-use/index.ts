import * as pulumi from "@pulumi/pulumi";
import { OnPremCluster } from "../../components/cluster/onPrem/index.ts";
import { canary, defineModel, ModelDeployment, triton } from "../../components/model/index.ts";
import { ArgoRollouts, Istio, ModelNamespace, Prometheus } from "../../components/platform/index.ts";

/** One stack: a cluster that exists, the platform on it, a model. The order of creation is written out with `dependsOn`. */
export default async (): Promise<Record<string, unknown>> => {
  const cluster = new OnPremCluster("lab", {
    kubeconfig: new pulumi.Config().requireSecret("kubeconfig"),
    clusterIdentifier: "lab",
    modelStore: { pvc: "model-store" },
  });
  const on = { providers: [cluster.provider] };

  const prometheus = new Prometheus("lab-prometheus", { install: {} }, on);
  const istio = new Istio("lab-istio", { install: {} }, { ...on, dependsOn: prometheus });
  const rollouts = new ArgoRollouts("lab-rollouts", { install: {} }, { ...on, dependsOn: istio });
  const namespace = new ModelNamespace("lab-namespace", { create: "models" }, { ...on, dependsOn: istio });

  const score = new ModelDeployment(
    "lab-score",
    {
      name: "score",
      model: {
        ...defineModel({
          server: triton({ backend: "python", memory: "1GiB" }),
          repository: { modelStore: "score" },
          traffic: { expectedQps: { trough: 20, peak: 100 } },
          slo: { p99: "100ms", errorRate: "0.5%" },
          release: canary(),
        }),
        version: "1",
      },
      host: { gpuPools: cluster.gpuPools, modelStore: cluster.modelStore },
      namespace: "models",
      domain: "models.lab.example.com",
      gateway: "istio-system/models",
      gatewayAddress: istio.gatewayAddress,
      prometheusAddress: prometheus.address,
      scrapeInterval: "15s",
    },
    { ...on, dependsOn: [rollouts, namespace] },
  );
  return { url: score.url, host: score.host };
};
