import { count, defineCheck, failed, passed } from "../check.ts";
import type { DefinitionFacts } from "../clusterFacts.ts";
import type { ClusterNeeds, System } from "../clusterNeeds.ts";

interface Mark {
  readonly name: string;
  /** Custom resources that are there exactly where the system is, with the version we write. */
  readonly definitions: Readonly<Record<string, string>>;
  /** What must not come from anybody else when the system is installed. @default the definitions */
  readonly exclusive?: readonly string[];
}

const marks: Readonly<Record<System, Mark>> = {
  istio: {
    name: "Istio",
    definitions: {
      "virtualservices.networking.istio.io": "v1",
      "destinationrules.networking.istio.io": "v1",
      "gateways.networking.istio.io": "v1",
      "peerauthentications.security.istio.io": "v1",
    },
  },
  argoRollouts: {
    name: "Argo Rollouts",
    definitions: { "rollouts.argoproj.io": "v1alpha1", "analysistemplates.argoproj.io": "v1alpha1" },
  },
  prometheus: { name: "the Prometheus operator", definitions: { "podmonitors.monitoring.coreos.com": "v1" } },
  gpuOperator: {
    name: "the GPU operator",
    definitions: { "clusterpolicies.nvidia.com": "v1" },
    // Two node feature discoveries remove each other's labels.
    exclusive: ["clusterpolicies.nvidia.com", "nodefeatures.nfd.k8s-sigs.io"],
  },
};

/** Every system is adopted where it is and installed where it is not: never two of one kind. */
export const systems = defineCheck({
  name: "systems",
  title: "platform systems",
  reads: ["definitions"],
  unneeded: (needs) => (used(needs).length === 0 ? "no system is declared" : undefined),
  needed: (needs) =>
    used(needs)
      .map((system) => `${marks[system].name} ${needs.systems[system] === "install" ? "absent, or ours" : "present"}`)
      .join("; "),
  judge: ({ definitions }, needs) => {
    const problems = used(needs).flatMap((system) => problemOf(system, needs, definitions));
    if (problems.length === 0) return passed(`${count(used(needs).length, "system")} as declared`);
    const fixes = [...Map.groupBy(problems, ({ fix }) => fix)].map(([fix, of]) =>
      fix(of.map(({ system }) => `platform.${system}`)),
    );
    return failed(problems.map(({ found }) => found).join("; "), fixes.join(" "));
  },
});

interface SystemProblem {
  readonly system: System;
  readonly found: string;
  /** For all systems with the same problem at once. */
  readonly fix: (paths: readonly string[]) => string;
}

const adoptInstead = (paths: readonly string[]) => `Declare ${paths.join(", ")} with adopt, or remove what is there.`;
const installInstead = (paths: readonly string[]) =>
  `Install or upgrade what is missing, or declare ${paths.join(", ")} with install.`;

function used({ systems: modes }: ClusterNeeds): System[] {
  return (Object.keys(marks) as System[]).filter((system) => modes[system] !== "none");
}

function problemOf(
  system: System,
  { systems: modes }: ClusterNeeds,
  found: readonly DefinitionFacts[],
): SystemProblem[] {
  const { name, definitions: wanted, exclusive = Object.keys(wanted) } = marks[system];
  if (modes[system] === "install") {
    const first = found.find((definition) => exclusive.includes(definition.name) && !isOurs(definition));
    if (first === undefined) return [];
    const by = first.managers.length === 0 ? "somebody" : first.managers.join(", ");
    const there = `${name} is to be installed, and ${first.name} is there already, from ${by}`;
    return [{ system, found: there, fix: adoptInstead }];
  }
  const missing = Object.entries(wanted).filter(
    ([definition, version]) => !found.some((fact) => fact.name === definition && fact.versions.includes(version)),
  );
  if (missing.length === 0) return [];
  const names = missing.map(([definition, version]) => `${definition}/${version}`).join(", ");
  return [{ system, found: `${name} is to be adopted, and ${names} is not served`, fix: installInstead }];
}

/**
 * What an earlier `up` applied: by the live engine, or by a Pulumi provider, which makes up its own name. Another Pulumi program's looks
 * the same; the deployment itself then ends in a conflict.
 */
function isOurs({ managers }: DefinitionFacts): boolean {
  return managers.some((manager) => manager === "serin" || manager.startsWith("pulumi-kubernetes"));
}
