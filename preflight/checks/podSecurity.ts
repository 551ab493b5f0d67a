import { defineCheck, failed, passed, warning } from "../check.ts";
import type { ClusterContents } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

const enforceLabel = "pod-security.kubernetes.io/enforce";

/** Admission controllers that may refuse what Pod Security admission lets pass. */
const others: Readonly<Record<string, string>> = {
  "constrainttemplates.templates.gatekeeper.sh": "Gatekeeper",
  "clusterpolicies.kyverno.io": "Kyverno",
};

/**
 * Namespaces that exist admit what will run in them: privileged pods for the driver, and for models the init container
 * of the sidecar.
 */
export const podSecurity = defineCheck({
  name: "podSecurity",
  title: "pod security",
  reads: ["namespaces", "definitions", "daemonSets"],
  unneeded: (needs) => (privileged(needs).length === 0 ? "nothing needs more than the strictest level" : undefined),
  needed: (needs) =>
    privileged(needs)
      .map((name) => `level privileged in ${name}`)
      .join(", "),
  compare: (seen, needs) => {
    const { modelNamespace } = needs;
    const strict = privileged(needs).flatMap((name) => {
      if (name === modelNamespace.name && hasCni(seen)) return [];
      const level = seen.namespaces.find((namespace) => namespace.name === name)?.labels[enforceLabel];
      return level === undefined || level === "privileged" ? [] : [{ name, level }];
    });
    const [first] = strict;
    if (first !== undefined) {
      return failed(
        strict.map(({ name, level }) => `namespace ${name} enforces ${level}`).join(", "),
        `kubectl label namespace ${first.name} ${enforceLabel}=privileged --overwrite${first.name === modelNamespace.name ? ", or install Istio's CNI plugin, with which sidecars need no rights" : ""}`,
      );
    }
    const guards = Object.entries(others).filter(([name]) =>
      seen.definitions.some((definition) => definition.name === name),
    );
    if (guards.length > 0) {
      return warning(
        `${guards.map(([, name]) => name).join(" and ")} decides what is admitted`,
        "Exempt these namespaces from its rules on privileged pods and capabilities.",
      );
    }
    return passed("nothing forbids it");
  },
});

/** Namespaces of privileged pods, and of pods whose sidecars set up their network. */
function privileged({ systems, privilegedNamespaces, modelNamespace }: ClusterNeeds): string[] {
  return [...privilegedNamespaces, ...(systems.istio === "none" ? [] : [modelNamespace.name])];
}

/** With Istio's CNI plugin sidecars need no rights. */
function hasCni({ daemonSets }: Pick<ClusterContents, "daemonSets">): boolean {
  return daemonSets.some(({ name }) => name.startsWith("istio-cni-node"));
}
