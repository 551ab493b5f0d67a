import { modelPodSecurity } from "../../components/platform/modelNamespace.ts";
import {
  type PodSecurityLevel,
  podSecurityLevels,
  type SystemNamespace,
} from "../../components/platform/platformSystem.ts";
import { defineCheck, failed, passed, warning } from "../check.ts";
import { type ClusterContents, isOpenShift, type NodeFacts } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

const enforceLabel = "pod-security.kubernetes.io/enforce";

/** Admission controllers that may refuse what Pod Security admission lets pass. */
const others: Readonly<Record<string, string>> = {
  "constrainttemplates.templates.gatekeeper.sh": "Gatekeeper",
  "clusterpolicies.kyverno.io": "Kyverno",
};

/**
 * Namespaces that exist admit what will run in them: system pods at the level that their system says, and for models
 * the init container of the sidecar. A namespace that the platform makes gets its level from there.
 */
export const podSecurity = defineCheck({
  name: "podSecurity",
  title: "pod security",
  reads: ["namespaces", "definitions", "daemonSets", "nodes"],
  unneeded: (needs) => (wanted(needs).length === 0 ? "nothing needs more than the strictest level" : undefined),
  needed: (needs) =>
    wanted(needs)
      .map(({ name, podSecurity: level }) => `level ${level} in ${name}`)
      .join(", "),
  compare: (seen, needs) => {
    const { modelNamespace } = needs;
    const isModels = (name: string) => name === modelNamespace.name;
    const asked = wanted(needs).filter(({ name }) => !isModels(name) || !hasCni(seen));
    const orCni = (name: string) =>
      isModels(name) ? ", or install Istio's CNI plugin, with which sidecars need no rights" : "";
    const strict = asked.flatMap((namespace) => {
      const level = levelOf(seen, namespace.name);
      return level === undefined || podSecurityLevels.indexOf(level) <= podSecurityLevels.indexOf(namespace.podSecurity)
        ? []
        : [{ ...namespace, level }];
    });
    const [first] = strict;
    if (first !== undefined) {
      return failed(
        strict.map(({ name, level }) => `namespace ${name} enforces ${level}`).join(", "),
        `${labelling(first)}${orCni(first.name)}`,
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
    if (isOpenShift(seen.definitions)) {
      return warning(
        "security context constraints of OpenShift decide what is admitted",
        `Let the models run as user 1000: oc adm policy add-scc-to-group nonroot-v2 system:serviceaccounts:${modelNamespace.name}.`,
      );
    }
    const adopted = asked.find(({ name }) => isModels(name) && modelNamespace.mode === "adopt");
    const unlabelled = defaultLevel(seen);
    if (adopted !== undefined && unlabelled !== undefined && levelOf(seen, adopted.name) === undefined) {
      return warning(
        `namespace ${adopted.name} has no level, and ${unlabelled}`,
        `${labelling(adopted)}${orCni(adopted.name)}`,
      );
    }
    return passed("nothing forbids it");
  },
});

/** Namespaces whose pods need more than the strictest level. */
function wanted({ systems, namespaces, modelNamespace }: ClusterNeeds): SystemNamespace[] {
  return [
    ...namespaces.filter(({ podSecurity: level }) => level !== "restricted"),
    ...(systems.istio === "none" ? [] : [{ name: modelNamespace.name, podSecurity: modelPodSecurity }]),
  ];
}

function levelOf({ namespaces }: Pick<ClusterContents, "namespaces">, name: string): PodSecurityLevel | undefined {
  const level = namespaces.find((namespace) => namespace.name === name)?.labels[enforceLabel];
  return podSecurityLevels.find((known) => known === level);
}

function labelling({ name, podSecurity: level }: SystemNamespace): string {
  return `kubectl label namespace ${name} ${enforceLabel}=${level} --overwrite`;
}

/** With Istio's CNI plugin sidecars need no rights. */
function hasCni({ daemonSets }: Pick<ClusterContents, "daemonSets">): boolean {
  return daemonSets.some(({ name }) => name.startsWith("istio-cni-node"));
}

/**
 * What the API server enforces where a namespace has no level, as a clause. Its configuration is not in its API, so
 * that of an RKE2 that is hardened, and that of a Talos whose owner has not changed it (Talos documentation, "Pod
 * Security"). Undefined: nothing is known.
 */
function defaultLevel({ nodes }: Pick<ClusterContents, "nodes">): string | undefined {
  const some = (is: (info: NodeFacts["nodeInfo"]) => boolean) => nodes.some(({ nodeInfo }) => is(nodeInfo));
  if (some(({ kubeletVersion }) => kubeletVersion.includes("+rke2"))) {
    return "a hardened RKE2 (profile: cis) then enforces restricted";
  }
  return some(({ osImage }) => osImage.startsWith("Talos")) ? "Talos then enforces baseline" : undefined;
}
