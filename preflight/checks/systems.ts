import { systems } from "../../components/platform/systems.ts";
import { count, defineCheck, failed, passed, warning } from "../check.ts";
import { type DefinitionFacts, isOpenShift } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

/** How the field managers of a Pulumi provider begin. */
const pulumi = "pulumi-kubernetes";

/** A system that is declared as adopted is there, and one that is to be installed is not there from someone else. */
export const platformSystems = defineCheck({
  name: "systems",
  title: "platform systems",
  reads: ["definitions"],
  unneeded: (needs) => (used(needs).length === 0 ? "no system is declared" : undefined),
  needed: (needs) =>
    used(needs)
      .map(
        (system) => `${systems[system]?.title} ${needs.systems[system] === "install" ? "absent, or ours" : "present"}`,
      )
      .join("; "),
  compare: ({ definitions }, needs) => {
    const problems = used(needs).flatMap((system) => problemOf(system, needs, definitions));
    if (problems.length === 0) {
      const handedOver = used(needs).find(
        (system) => needs.systems[system] === "adopt" && madeByPulumi(system, definitions),
      );
      return handedOver === undefined
        ? passed(`${count(used(needs).length, "system")} as declared`)
        : warning(
            `${systems[handedOver]?.title} is to be adopted, and a Pulumi program made its definitions`,
            "If it was this environment, hand the system over first, as docs/platform.md says: the next up would delete them, and every object of their kinds.",
          );
    }
    const fixes = [...Map.groupBy(problems, ({ fix }) => fix)].map(([fix, of]) =>
      fix(of.map(({ system }) => `platform.${system}`)),
    );
    return failed(problems.map(({ found }) => found).join("; "), fixes.join(" "));
  },
});

interface SystemProblem {
  readonly system: string;
  readonly found: string;
  /** The fix for all systems that have the same problem. */
  readonly fix: (paths: readonly string[]) => string;
}

const adoptInstead = (paths: readonly string[]) => `Declare ${paths.join(", ")} with adopt, or remove what is there.`;
const installInstead = (paths: readonly string[]) =>
  `Install or upgrade what is missing, or declare ${paths.join(", ")} with install.`;

/** The systems that the cluster is to have, in the order of the record. */
function used({ systems: modes }: ClusterNeeds): string[] {
  return Object.keys(systems).filter((system) => (modes[system] ?? "none") !== "none");
}

function problemOf(
  system: string,
  { systems: modes }: ClusterNeeds,
  found: readonly DefinitionFacts[],
): SystemProblem[] {
  const { title: name = system, requirements = [], exclusive, onOpenShift } = systems[system] ?? {};
  const owned = exclusive ?? requirements.map(({ crd }) => crd);
  if (modes[system] === "install") {
    if (onOpenShift !== undefined && isOpenShift(found)) {
      const there = `${name} is to be installed, which does not work on OpenShift`;
      return [
        { system, found: there, fix: (paths) => `Install ${onOpenShift}, and declare ${paths.join(", ")} with adopt.` },
      ];
    }
    const first = found.find((definition) => owned.includes(definition.name) && !isOurs(definition));
    if (first === undefined) return [];
    const by = first.managers.length === 0 ? "another manager" : first.managers.join(", ");
    const there = `${name} is to be installed, and ${first.name} is there already, from ${by}`;
    return [{ system, found: there, fix: adoptInstead }];
  }
  const missing = requirements.filter(
    ({ crd, version }) => !found.some((fact) => fact.name === crd && fact.versions.includes(version)),
  );
  if (missing.length === 0) return [];
  const names = missing.map(({ crd, version }) => `${crd}/${version}`).join(", ");
  return [{ system, found: `${name} is to be adopted, and ${names} is not served`, fix: installInstead }];
}

/** Whether definitions of a system are of some Pulumi program; which one, the cluster does not know. */
function madeByPulumi(system: string, found: readonly DefinitionFacts[]): boolean {
  return (systems[system]?.requirements ?? []).some(({ crd }) =>
    found.some(({ name, managers }) => name === crd && managers.some((manager) => manager.startsWith(pulumi))),
  );
}

/**
 * True for a definition that an earlier `up` applied, by the live engine or by a Pulumi provider, whose name is random.
 * That of another Pulumi program looks the same; then the deployment ends in a conflict.
 */
function isOurs({ managers }: DefinitionFacts): boolean {
  return managers.some((manager) => manager === "serin" || manager.startsWith(pulumi));
}
