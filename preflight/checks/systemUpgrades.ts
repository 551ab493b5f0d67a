import { compareVersions, type UpgradeSteps } from "../../components/core/versions/releases.ts";
import { systems } from "../../components/platform/systems.ts";
import { defineCheck, failed, passed, warning } from "../check.ts";
import type { DeploymentFacts } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

/** An installed system is no further from the version that is to be installed than its maker supports. */
export const systemUpgrades = defineCheck({
  name: "systemUpgrades",
  title: "system upgrades",
  reads: ["deployments"],
  unneeded: (needs) =>
    limited(needs).length === 0 ? "no system is installed whose maker limits an upgrade" : undefined,
  needed: (needs) =>
    limited(needs)
      .map(({ title, upgrade: { to } }) => `${title} ${plain(to)}`)
      .join(", "),
  compare: ({ deployments }, needs) => {
    const running = limited(needs).flatMap(({ title, upgrade }) => {
      const version = runningVersion(upgrade, deployments);
      return version === undefined ? [] : [{ title, upgrade, version }];
    });
    if (running.length === 0) return passed("none of them is there yet");
    const found = running.map(({ title, version }) => `${title} ${version}`).join(", ");
    const far = running.flatMap((one) => {
      const next = nextLine(one.upgrade, one.version);
      return next === undefined ? [] : [{ ...one, next }];
    });
    if (far.length === 0) return passed(found);
    const fix = far.map(({ title, upgrade, next }) => `${first(title, next, upgrade)}`).join(" ");
    return far.some(({ upgrade }) => upgrade.twoAtOnce === "unsupported") ? failed(found, fix) : warning(found, fix);
  },
});

/** Installed systems whose makers limit an upgrade, in the order of the record. */
function limited({ systems: modes }: ClusterNeeds): { readonly title: string; readonly upgrade: UpgradeSteps }[] {
  return Object.entries(systems).flatMap(([key, { title, upgrade }]) =>
    upgrade === undefined || modes[key] !== "install" ? [] : [{ title, upgrade }],
  );
}

function runningVersion({ deployment }: UpgradeSteps, found: readonly DeploymentFacts[]): string | undefined {
  const version = found.find(
    ({ namespace, name }) => namespace === deployment.namespace && name === deployment.name,
  )?.version;
  return version === undefined ? undefined : plain(version);
}

/** The line to install before, on the way from the running version. Undefined: it is one step at most. */
function nextLine({ to, lines }: UpgradeSteps, running: string): string | undefined {
  const [from, goal] = [running, plain(to)];
  if (lines === "every minor version") {
    const [[major, minor], [goalMajor, goalMinor]] = [numbers(from), numbers(goal)];
    if (major !== goalMajor) return goalMinor === 0 ? undefined : `${goalMajor}.0`;
    return Math.abs(goalMinor - minor) <= 1 ? undefined : `${major}.${minor + Math.sign(goalMinor - minor)}`;
  }
  const [at, end] = [placeOf(from, lines), placeOf(goal, lines)];
  return Math.abs(end - at) <= 1 ? undefined : lines[at + Math.sign(end - at)];
}

/** The place of a version's line among all. Between two lines it is that of the older, before the first -1. */
function placeOf(version: string, lines: readonly string[]): number {
  return lines.findLastIndex((line) => compareVersions(version, line) >= 0);
}

function numbers(version: string): [number, number] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return [major, minor];
}

/** `1.21.1` of `v1.21.1`. */
function plain(version: string): string {
  return version.replace(/^v/, "");
}

function first(title: string, next: string, { twoAtOnce, source }: UpgradeSteps): string {
  const why = twoAtOnce === "unsupported" ? "its maker supports no larger step" : "its maker recommends it";
  return `Install ${title} ${next} first, as docs/how-to/upgrade.md says: ${why} (${source}).`;
}
