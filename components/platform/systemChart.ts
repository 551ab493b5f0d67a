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
 * What every rendered chart goes through. It runs as text, by `node` on the machine that deploys, and the text is an
 * input of the chart: a change of it renders all charts again.
 *
 * 1. Helm's annotation for objects that outlive their chart, `helm.sh/resource-policy: keep`, is renamed. Istio and
 *    Argo Rollouts write it on their definitions. With it the provider retains them when the platform is removed
 *    (pulumi-kubernetes #2926). If another release of the chart came after that, their fields would still have a
 *    manager that is gone, and the update would end in a conflict. So a system comes and goes as a whole. Another value
 *    of the annotation would be a warning of the provider for each definition.
 * 2. The descriptions in the schemas of definitions are left out, more than half of all that a platform's stack would
 *    hold three times and write anew after each step. `kubectl explain` has no texts for these kinds then. A property
 *    that is called `description` stays: what describes a schema is a text on the line of its key.
 */
export const chartRenderer = {
  command: "node",
  args: [
    "-e",
    [
      "const lean = (definition) => {",
      "  let schema = -1, cut = -1;",
      '  return definition.split("\\n").filter((line, index, { length }) => {',
      '    if (index === length - 1 && line === "") return true;',
      "    const indent = line.search(/\\S/);",
      "    if (cut >= 0 && (indent < 0 || indent > cut)) return false;",
      "    if (indent < 0 || /^ *#/.test(line)) return true;",
      "    cut = -1;",
      "    if (indent <= schema) schema = -1;",
      "    if (/^ *openAPIV3Schema:/.test(line)) schema = indent;",
      "    if (schema < 0 || !/^ *description: *\\S/.test(line)) return true;",
      "    cut = indent;",
      "    return false;",
      '  }).join("\\n");',
      "};",
      'const isDefinition = (text) => /^kind: *"?CustomResourceDefinition\\b/m.test(text);',
      'const passed = (text) => text.replace(/^( *)"?helm\\.sh\\/resource-policy"?: *"?keep"? *$/gm, \'$1serin.dev/removed-with-chart: "true"\');',
      "const each = (text) => passed(isDefinition(text) ? lean(text) : text);",
      'let all = "";',
      'process.stdin.setEncoding("utf8").on("data", (part) => (all += part))',
      '  .on("end", () => process.stdout.write(all.split(/^(?=---)/m).map(each).join("")));',
    ].join("\n"),
  ],
} as const;

/**
 * One chart of an installed system. Its objects have the names that the chart gives them: `resourcePrefix` is for their
 * names in Pulumi alone, which are unique in a stack of several clusters. Values are plain data, so that previews are
 * complete.
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
      postRenderer: { command: chartRenderer.command, args: [...chartRenderer.args] },
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
