import { execa } from "execa";
import { parseAllDocuments } from "yaml";
import type { ChartFiles } from "./chartFiles.ts";
import { type DeclaredChart, servedVersions } from "./declaredCharts.ts";

/** An object of a chart. */
export interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The objects of a chart with its declared values, hooks among them. @throws Error with what helm says. */
export async function renderChart(helm: string, files: ChartFiles, declared: DeclaredChart): Promise<ChartObject[]> {
  const { release, namespace, values, postRenderer, kubernetesVersion } = declared;
  const through =
    postRenderer === undefined
      ? []
      : [
          `--post-renderer=${postRenderer.command === "node" ? process.execPath : postRenderer.command}`,
          ...(postRenderer.args ?? []).map((argument) => `--post-renderer-args=${argument}`),
        ];
  const { stdout, stderr, exitCode } = await execa(
    helm,
    [
      ...["template", release, files.directory, "--namespace", namespace, "--include-crds", ...through],
      ...["--kube-version", `v${kubernetesVersion}.0`, ...servedVersions.flatMap((one) => ["--api-versions", one])],
      ...["--values", "-"],
    ],
    { input: JSON.stringify(values), reject: false, maxBuffer: 64 * 1024 * 1024 },
  );
  if (exitCode !== 0) throw new Error(stderr.trim());
  return objectsIn(stdout);
}

/** Objects of a YAML stream, lists opened. */
export function objectsIn(stream: string): ChartObject[] {
  return parseAllDocuments(stream)
    .map((document) => document.toJS() as (ChartObject & { items?: ChartObject[] }) | null)
    .filter((object) => object !== null && typeof object === "object")
    .flatMap((object) => (object.kind === "List" ? (object.items ?? []) : [object]));
}
