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
    const problems = used(needs).flatMap((system) => problemOf(marks[system], needs, system, definitions));
    if (problems.length === 0) return passed(`${count(used(needs).length, "system")} as declared`);
    return failed(
      problems.map(({ found }) => found).join("; "),
      [...new Set(problems.map(({ fix }) => fix))].join(" "),
    );
  },
});

function used({ systems: modes }: ClusterNeeds): System[] {
  return (Object.keys(marks) as System[]).filter((system) => modes[system] !== "none");
}

function problemOf(
  { name, definitions: wanted, exclusive = Object.keys(wanted) }: Mark,
  { systems: modes }: ClusterNeeds,
  system: System,
  found: readonly DefinitionFacts[],
): { found: string; fix: string }[] {
  if (modes[system] === "install") {
    const foreign = found.filter((definition) => exclusive.includes(definition.name) && !isOurs(definition));
    const [first] = foreign;
    if (first === undefined) return [];
    const by = first.managers.length === 0 ? "somebody" : first.managers.join(", ");
    return [
      {
        found: `${name} is to be installed, and ${first.name} is there already, from ${by}`,
        fix: `Declare platform.${system}: { adopt: … }, or remove what is there.`,
      },
    ];
  }
  const missing = Object.entries(wanted).filter(
    ([definition, version]) => !found.some((fact) => fact.name === definition && fact.versions.includes(version)),
  );
  if (missing.length === 0) return [];
  return [
    {
      found: `${name} is to be adopted, and ${missing.map(([definition, version]) => `${definition}/${version}`).join(", ")} is not served`,
      fix: `Install ${name} or upgrade it, or declare platform.${system}: { install: {} }.`,
    },
  ];
}

/**
 * What an earlier `up` applied: by the live engine, or by a Pulumi provider, which makes up its own name. Another Pulumi program's looks
 * the same; the deployment itself then ends in a conflict.
 */
function isOurs({ managers }: DefinitionFacts): boolean {
  return managers.some((manager) => manager === "serin" || manager.startsWith("pulumi-kubernetes"));
}
