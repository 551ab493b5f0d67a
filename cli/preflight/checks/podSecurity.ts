import { defineCheck, failed, notApplicable, passed, warning } from "../check.ts";
import type { ClusterContents } from "../clusterFacts.ts";

const enforceLabel = "pod-security.kubernetes.io/enforce";

/** Admission controllers that may refuse what Kubernetes' own lets pass. */
const others: Readonly<Record<string, string>> = {
  "constrainttemplates.templates.gatekeeper.sh": "Gatekeeper",
  "clusterpolicies.kyverno.io": "Kyverno",
};

/** Namespaces that exist already let in what will run in them: privileged pods for the driver, the sidecar's init container for models. */
export const podSecurity = defineCheck({
  name: "podSecurity",
  title: "pod security",
  reads: ["namespaces", "definitions", "daemonSets"],
  judge: (seen, { systems, modelNamespace }) => {
    const privileged = systems.gpuOperator === "install" ? ["gpu-operator"] : [];
    const withSidecars = systems.istio === "none" || hasCni(seen) ? [] : [modelNamespace.name];
    if (privileged.length + withSidecars.length === 0)
      return notApplicable("nothing needs more than the strictest level");
    const needed = [...privileged, ...withSidecars].map((name) => `level privileged in ${name}`).join(", ");
    const strict = [...privileged, ...withSidecars].flatMap((name) => {
      const level = seen.namespaces.find((namespace) => namespace.name === name)?.labels[enforceLabel];
      return level === undefined || level === "privileged" ? [] : [{ name, level }];
    });
    const [first] = strict;
    if (first !== undefined) {
      return failed(
        strict.map(({ name, level }) => `namespace ${name} enforces ${level}`).join(", "),
        needed,
        `kubectl label namespace ${first.name} ${enforceLabel}=privileged --overwrite${first.name === modelNamespace.name ? ", or install Istio's CNI plugin, with which sidecars need no rights" : ""}`,
      );
    }
    const guards = Object.entries(others).filter(([name]) =>
      seen.definitions.some((definition) => definition.name === name),
    );
    if (guards.length > 0) {
      return warning(
        `${guards.map(([, name]) => name).join(" and ")} decides what is admitted`,
        needed,
        "Exempt these namespaces from its rules on privileged pods and capabilities.",
      );
    }
    return passed("nothing forbids it", needed);
  },
});

function hasCni({ daemonSets }: Pick<ClusterContents, "daemonSets">): boolean {
  return daemonSets.some(({ name }) => name.startsWith("istio-cni-node"));
}
