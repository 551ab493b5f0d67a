import { kubernetesMinor } from "../../components/core/kubernetesVersions.ts";
import { defineCheck, failed, passed, warning } from "../check.ts";

/** A cluster that exists is at the declared minor version of Kubernetes, or one step below and may take the step. */
export const kubernetesUpgrade = defineCheck({
  name: "kubernetesUpgrade",
  title: "Kubernetes upgrade",
  reads: [],
  unneeded: ({ kubernetes }) => (kubernetes === undefined ? "the cluster's owner chooses the version" : undefined),
  needed: ({ kubernetes }) => `Kubernetes ${kubernetes?.version}`,
  compare: ({ version }, { kubernetes }) => {
    const [declared, running] = [minorNumber(kubernetes?.version), minorNumber(kubernetesMinor(version))];
    const steps = declared - running;
    if (Number.isNaN(steps) || steps === 0) return passed(version);
    if (steps < 0) return warning(version, `Declare kubernetesVersion: "1.${running}". No cloud takes a version back.`);
    if (steps > 1)
      return failed(version, `Declare kubernetesVersion: "1.${running + 1}" first, one minor version at a time.`);
    return kubernetes?.before === undefined
      ? passed(`${version}, upgraded by the cluster layer`)
      : failed(version, kubernetes.before);
  },
});

/** `35` of `1.35`. NaN: there is none. */
function minorNumber(version: string | undefined): number {
  return Number(version?.split(".")[1] ?? Number.NaN);
}
