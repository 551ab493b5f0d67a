import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { componentUsers } from "./credentials.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const read = ["get", "list", "watch"] as const;
const write = ["create", "update", "patch", "delete"] as const;

/** The rules of kwok 0.7.0, `kustomize/rbac/role.yaml`, without those for custom resources that are not installed. */
const kwokRules: readonly Rule[] = [
  { apiGroups: [""], resources: ["nodes"], verbs: read },
  { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["update", "patch"] },
  { apiGroups: [""], resources: ["pods"], verbs: [...read, "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["events"], verbs: [...read, ...write] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...read, "create", "update", "patch"] },
];

/**
 * The rules of Argo Rollouts 1.9.1, `manifests/role/argo-rollouts-clusterrole.yaml`, with Istio as the only traffic
 * router.
 */
const rolloutsRules: readonly Rule[] = [
  {
    apiGroups: ["argoproj.io"],
    resources: ["rollouts", "rollouts/status", "rollouts/finalizers"],
    verbs: [...read, "update", "patch"],
  },
  {
    apiGroups: ["argoproj.io"],
    resources: ["analysisruns", "analysisruns/finalizers", "experiments", "experiments/finalizers"],
    verbs: [...read, ...write],
  },
  { apiGroups: ["argoproj.io"], resources: ["analysistemplates", "clusteranalysistemplates"], verbs: read },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: [...read, ...write] },
  { apiGroups: ["", "apps"], resources: ["deployments", "podtemplates"], verbs: [...read, "update"] },
  { apiGroups: [""], resources: ["services"], verbs: [...read, "patch", "create", "delete"] },
  { apiGroups: [""], resources: ["secrets", "configmaps", "endpoints"], verbs: read },
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "update", "watch"] },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "update", "patch"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: [...read, "create", "update", "patch"] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...read, ...write] },
  {
    apiGroups: ["networking.istio.io"],
    resources: ["virtualservices", "destinationrules"],
    verbs: [...read, "update", "patch"],
  },
];

/**
 * The rules of `clusterrole.yaml` in Istio's `istio-discovery` chart, without those for injection, validation and
 * status writing.
 */
const istiodRules: readonly Rule[] = [
  {
    apiGroups: ["security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"],
    resources: ["*"],
    verbs: read,
  },
  {
    apiGroups: ["networking.istio.io"],
    resources: ["workloadentries", "workloadentries/status", "serviceentries/status"],
    verbs: [...read, ...write],
  },
  { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: read },
  // istiod watches these even if injection and validation are off.
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    verbs: read,
  },
  {
    apiGroups: [""],
    resources: ["pods", "nodes", "services", "namespaces", "endpoints", "secrets"],
    verbs: read,
  },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"], verbs: read },
  { apiGroups: [""], resources: ["configmaps"], verbs: [...read, "create", "update"] },
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
];

/** The rules of `role.yaml` in the same chart, for the leader election of istiod's controllers in its namespace. */
const istiodNamespaceRules: readonly Rule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: [...read, ...write] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update", "patch"] },
];

/**
 * The rules of the node agent: those of a kubelet, and those to write WorkloadEntries (instead of endpoints) and to
 * read PodMonitors (instead of the Prometheus Operator).
 */
const nodeAgentRules: readonly Rule[] = [
  { apiGroups: [""], resources: ["pods"], verbs: [...read, "delete"] },
  { apiGroups: [""], resources: ["pods/status"], verbs: ["get", "update", "patch"] },
  {
    apiGroups: [""],
    resources: [
      "nodes",
      "services",
      "configmaps",
      "secrets",
      "namespaces",
      "persistentvolumes",
      "persistentvolumeclaims",
    ],
    verbs: read,
  },
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
  { apiGroups: ["networking.istio.io"], resources: ["workloadentries"], verbs: [...read, ...write] },
  { apiGroups: ["argoproj.io"], resources: ["rollouts"], verbs: read },
  { apiGroups: ["monitoring.coreos.com"], resources: ["podmonitors", "servicemonitors"], verbs: read },
];

/**
 * The RBAC roles and bindings of the components, each with the least rights. The controller manager and the scheduler
 * have Kubernetes' built-in roles.
 */
export function roleObjects(): KubernetesObject[] {
  return [
    ...clusterWide("kwok", componentUsers.kwok, kwokRules),
    ...clusterWide("argo-rollouts", componentUsers.rollouts, rolloutsRules),
    ...clusterWide("istiod", componentUsers.istiod, istiodRules),
    ...clusterWide("node-agent", componentUsers.nodeAgent, nodeAgentRules),
    ...inNamespace("istio-system", "istiod", componentUsers.istiod, istiodNamespaceRules),
  ];
}

function clusterWide(component: string, user: string, rules: readonly Rule[]): KubernetesObject[] {
  const metadata = { name: `serin-${component}` };
  return [
    { apiVersion: rbac, kind: "ClusterRole", metadata, rules },
    { apiVersion: rbac, kind: "ClusterRoleBinding", metadata, ...binding("ClusterRole", metadata.name, user) },
  ];
}

function inNamespace(namespace: string, component: string, user: string, rules: readonly Rule[]): KubernetesObject[] {
  const metadata = { name: `serin-${component}`, namespace };
  return [
    { apiVersion: rbac, kind: "Role", metadata, rules },
    { apiVersion: rbac, kind: "RoleBinding", metadata, ...binding("Role", metadata.name, user) },
  ];
}

const rbac = "rbac.authorization.k8s.io/v1";

function binding(kind: "Role" | "ClusterRole", name: string, user: string) {
  return {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  };
}
