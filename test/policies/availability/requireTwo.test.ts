import { requireTwo } from "../../../policies/availability/requireTwo.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

const hpa = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler";

specifyResourcePolicy(requireTwo, {
  type: "kubernetes:helm.sh/v4:Chart",
  compliant: {
    chart: "gateway",
    name: "istio-ingressgateway",
    namespace: "istio-ingress",
    values: { autoscaling: { minReplicas: 2 } },
  },
  rejects: [
    {
      when: "one gateway",
      change: { "values.autoscaling.minReplicas": 1 },
      message: /^values\.autoscaling\.minReplicas: 1 pod: .*Write 2 or more\.$/,
    },
    {
      when: "a gateway whose number the chart chooses",
      change: { values: {} },
      message: "values.autoscaling.minReplicas: 1",
    },
    { when: "one istiod", change: { chart: "istiod", values: { autoscaleMin: 1 } }, message: "values.autoscaleMin: 1" },
    {
      when: "one controller from a mirror",
      change: { chart: "oci://mirror.example.com/charts/argo-rollouts", values: { controller: { replicas: 1 } } },
      message: "values.controller.replicas: 1",
    },
    {
      when: "one webhook of cert-manager",
      change: { chart: "cert-manager", values: { replicaCount: 2, webhook: { replicaCount: 1 } } },
      message: "values.webhook.replicaCount: 1",
    },
    {
      when: "one Prometheus, without which no release is judged",
      change: { chart: "kube-prometheus-stack", values: { prometheus: { prometheusSpec: { replicas: 1 } } } },
      message: "values.prometheus.prometheusSpec.replicas: 1",
    },
    {
      when: "one Prometheus as its operator reads it, whose number is left out",
      type: "kubernetes:monitoring.coreos.com/v1:Prometheus",
      change: {
        chart: undefined,
        metadata: { name: "prometheus-kube-prometheus-prometheus", namespace: "monitoring" },
        spec: {},
      },
      message: "spec.replicas: 1",
    },
    {
      when: "one load balancer controller, which marks the gateway's pods as ready",
      change: { chart: "aws-load-balancer-controller", values: { replicaCount: 1 } },
      message: "values.replicaCount: 1",
    },
    {
      when: "an autoscaler of two that is off",
      change: { values: { autoscaling: { enabled: false, minReplicas: 2 } } },
      message: "values.replicaCount: 1",
    },
    {
      when: "istiod's autoscaler of two that is off",
      change: { chart: "istiod", values: { autoscaleEnabled: false, autoscaleMin: 2, replicaCount: 1 } },
      message: "values.replicaCount: 1",
    },
    { when: "a Release with one", type: "kubernetes:helm.sh/v3:Release", change: { values: {} }, message: "1 pod" },
    {
      when: "a patch that leaves one",
      type: "kubernetes:apps/v1:DeploymentPatch",
      change: {
        chart: undefined,
        metadata: { name: "istiod", namespace: "istio-system" },
        spec: { replicas: 1 },
      },
      message: "spec.replicas: 1",
    },
    {
      when: "an autoscaler that may go down to one",
      type: hpa,
      change: {
        chart: undefined,
        metadata: { name: "istiod", namespace: "istio-system" },
        spec: { minReplicas: 1 },
      },
      message: "spec.minReplicas: 1",
    },
    {
      when: "a Deployment of one",
      type: "kubernetes:apps/v1:Deployment",
      change: {
        chart: undefined,
        metadata: { name: "argo-rollouts", namespace: "argo-rollouts" },
        spec: { replicas: 1 },
      },
      message: "spec.replicas: 1",
    },
  ],
  accepts: [
    {
      when: "a kube-prometheus-stack for its operator alone",
      change: { chart: "kube-prometheus-stack", values: { prometheus: { enabled: false } } },
    },
    { when: "another chart", change: { chart: "metrics-server", values: {} } },
    { when: "controllers whose number the chart chooses", change: { chart: "argo-rollouts", values: {} } },
    {
      when: "a Deployment that its autoscaler counts",
      type: "kubernetes:apps/v1:Deployment",
      change: { chart: undefined, metadata: { name: "istiod", namespace: "istio-system" }, spec: {} },
    },
    {
      when: "somebody else's Deployment",
      type: "kubernetes:apps/v1:Deployment",
      change: { chart: undefined, metadata: { name: "web", namespace: "shop" }, spec: { replicas: 1 } },
    },
  ],
  unknowns: [{ change: { "values.autoscaling.minReplicas": unknown }, path: "values.autoscaling.minReplicas" }],
});
