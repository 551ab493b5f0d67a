import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Chart } from "@pulumi/kubernetes/helm/v4/chart.js";
import type * as pulumi from "@pulumi/pulumi";
import type { SiteSettings } from "../cluster/onPrem/siteSettings.ts";
import { type ChartPin, chartSource } from "../core/charts.ts";
import type { PodSecurityLevel, SystemNamespace } from "./platformSystem.ts";

/** Options every installed system shares. */
export interface Install {
  /**
   * Where the charts come from instead of their public repositories: an HTTPS repository or `oci://registry/path`, for
   * air-gapped sites; a site's own mirror comes before it. @default the pinned public repository of each chart.
   */
  readonly repository?: string;
}

/**
 * Renames Helm's annotation for objects that outlive their chart, `helm.sh/resource-policy: keep`, which Istio and Argo
 * Rollouts write on their definitions. With it the provider retains them when the platform is removed
 * (pulumi-kubernetes #2926). If another release of the chart came after that, their fields would still have a manager
 * that is gone, and the update would end in a conflict. So a system comes and goes as a whole. Another value of the
 * annotation would be a warning of the provider for each definition.
 */
export const removedWithChart = {
  command: "node",
  args: [
    "-e",
    'let text = ""; process.stdin.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => process.stdout.write(text.replace(/^( *)"?helm\\.sh\\/resource-policy"?: *"?keep"? *$/gm, "$1serin.dev/removed-with-chart: \\"true\\"")))',
  ],
} as const;

/**
 * One chart of an installed system. Object names carry no prefix of ours (`resourcePrefix` is the release name), and
 * values are plain data, so that previews are complete.
 */
export function systemChart(
  name: string,
  pin: ChartPin,
  args: {
    release: string;
    namespace: string;
    values: Record<string, unknown>;
    install: Install;
    settings?: SiteSettings | undefined;
    /**
     * What the names of its objects begin with. Two charts of one system with the same prefix can hand objects to each
     * other without replacing them, because an object's URN has the types of its parents and not their names.
     * @default `name`
     */
    prefix?: string;
  },
  opts: pulumi.ComponentResourceOptions,
): Chart {
  const repository = args.settings?.registryMirror?.charts ?? args.install.repository;
  return new Chart(
    name,
    {
      ...chartSource(pin, repository),
      name: args.release,
      namespace: args.namespace,
      values: args.values,
      resourcePrefix: args.prefix ?? name,
      postRenderer: { command: removedWithChart.command, args: [...removedWithChart.args] },
    },
    opts,
  );
}

/**
 * The namespace a system is installed into, with labels of its own beside those of its Pod Security level. It stays
 * when the platform is taken down: it may have been there before, and hold what others have put there.
 */
export function systemNamespace(
  name: string,
  { name: namespace, podSecurity }: SystemNamespace,
  labels: Readonly<Record<string, string>>,
  opts: pulumi.CustomResourceOptions,
): Namespace {
  return new Namespace(
    name,
    { metadata: { name: namespace, labels: { ...podSecurityLabels(podSecurity), ...labels } } },
    { ...opts, retainOnDelete: true },
  );
}

/**
 * Labels that set a namespace's Pod Security level. All three modes: an API server whose defaults are stricter, as that
 * of a hardened RKE2 (`profile: cis`), would refuse pods, or warn of them at each change.
 */
export function podSecurityLabels(level: PodSecurityLevel): Record<string, string> {
  return Object.fromEntries(["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]));
}
