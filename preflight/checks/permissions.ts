import { count, defineCheck, failed, few, passed } from "../check.ts";
import type { AccessFacts, AccessNeed } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

/** Server-side apply of a new object takes `create` as well as `patch`. */
function written(kinds: readonly Pick<AccessNeed, "group" | "resource">[]): AccessNeed[] {
  return kinds.flatMap((kind) => ["get", "create", "patch", "delete"].map((verb) => ({ verb, ...kind })));
}

/** The kinds that models consist of, and what they share: the Gateway, and mutual TLS. */
const models: readonly AccessNeed[] = written([
  { group: "", resource: "services" },
  { group: "", resource: "serviceaccounts" },
  { group: "", resource: "configmaps" },
  { group: "", resource: "secrets" },
  { group: "policy", resource: "poddisruptionbudgets" },
  { group: "argoproj.io", resource: "rollouts" },
  { group: "argoproj.io", resource: "analysistemplates" },
  { group: "networking.istio.io", resource: "virtualservices" },
  { group: "networking.istio.io", resource: "destinationrules" },
  { group: "networking.istio.io", resource: "gateways" },
  { group: "networking.istio.io", resource: "envoyfilters" },
  { group: "security.istio.io", resource: "peerauthentications" },
  { group: "security.istio.io", resource: "requestauthentications" },
  { group: "security.istio.io", resource: "authorizationpolicies" },
  { group: "monitoring.coreos.com", resource: "podmonitors" },
  { group: "monitoring.coreos.com", resource: "prometheusrules" },
]);

/** What cert-manager makes the gateway's certificate from. */
const certificates: readonly AccessNeed[] = written([
  { group: "cert-manager.io", resource: "certificates" },
  { group: "cert-manager.io", resource: "issuers" },
]);

const always: readonly AccessNeed[] = [
  { verb: "list", group: "", resource: "nodes" },
  { verb: "get", group: "", resource: "namespaces" },
  { verb: "get", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
  ...models,
];

/** Further kinds that installed systems consist of. */
const install: readonly AccessNeed[] = [
  { verb: "create", group: "", resource: "namespaces" },
  { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterroles" },
  // Without it a role may grant only what its creator has, and the roles of the systems grant more.
  { verb: "escalate", group: "rbac.authorization.k8s.io", resource: "clusterroles" },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" },
  { verb: "create", group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations" },
  { verb: "create", group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations" },
  { verb: "create", group: "apps", resource: "deployments" },
  { verb: "list", group: "apps", resource: "deployments" },
  { verb: "create", group: "apps", resource: "daemonsets" },
];

const createNamespace: AccessNeed = { verb: "create", group: "", resource: "namespaces" };

/** What the credentials of the kubeconfig must be allowed, in all namespaces. */
export function accessNeeds({ systems, modelNamespace }: ClusterNeeds): readonly AccessNeed[] {
  const own = (systems.certManager ?? "none") === "none" ? always : [...always, ...certificates];
  if (Object.values(systems).includes("install")) return [...own, ...install];
  return modelNamespace.mode === "create" ? [...own, createNamespace] : own;
}

/** The credentials of the kubeconfig are allowed everything that a deployment does. */
export const permissions = defineCheck({
  name: "permissions",
  title: "permissions",
  reads: ["access"],
  needed: (needs) => `${count(accessNeeds(needs).length, "right")} in all namespaces`,
  compare: ({ access }, needs) => {
    const denied = accessNeeds(needs).filter((need) => !access.some((fact) => fact.allowed && isSame(fact, need)));
    if (denied.length === 0) return passed("all allowed");
    return failed(
      `not allowed: ${few(denied.map(describe), 4)}`,
      "Use a kubeconfig of a cluster administrator, or have the rights granted (kubectl auth can-i --list shows them).",
    );
  },
});

function isSame(fact: AccessFacts, { verb, group, resource }: AccessNeed): boolean {
  return fact.verb === verb && fact.group === group && fact.resource === resource;
}

function describe({ verb, group, resource }: AccessNeed): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
}
