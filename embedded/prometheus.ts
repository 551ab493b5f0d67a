import { stringify } from "yaml";
import type { Allocation } from "./controlPlane/allocation.ts";
import { environmentFiles } from "./machine/paths.ts";
import type { ProcessSpec } from "./process/processSpec.ts";

/** Prometheus. It keeps its data when it restarts, for at most 24 hours and 512 MB. */
export function prometheus({ host, ports, tools, dataDir }: Allocation): ProcessSpec {
  const files = environmentFiles(dataDir);
  return {
    name: "prometheus",
    command: tools.prometheus,
    args: [
      `--config.file=${files.prometheusConfig}`,
      `--storage.tsdb.path=${files.prometheusData}`,
      "--storage.tsdb.retention.time=24h",
      "--storage.tsdb.retention.size=512MB",
      `--web.listen-address=${host}:${ports.prometheus}`,
      "--log.level=warn",
    ],
    ready: { url: `http://${host}:${ports.prometheus}/-/ready` },
  };
}

/**
 * Prometheus' configuration, YAML. The node agent writes the targets and their labels to files, as the Prometheus
 * Operator generates them from PodMonitors. The scrape interval is one second, so that a canary analysis in a short
 * rehearsal reads recent values.
 */
export function prometheusConfig(dataDir: string, { host, ports }: Pick<Allocation, "host" | "ports">): string {
  return stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    scrape_configs: [
      {
        job_name: "pods",
        // One sidecar exports the metrics of several pods, so the `pod` label that it sends must not be overwritten.
        honor_labels: true,
        file_sd_configs: [{ files: [`${environmentFiles(dataDir).prometheusTargets}/*.json`], refresh_interval: "5s" }],
        metric_relabel_configs: sidecarRules,
      },
      {
        job_name: "istio-ingressgateway",
        metrics_path: "/stats/prometheus",
        params: { filter: ["istio"] },
        static_configs: [{ targets: [`${host}:${ports.gatewayAdmin}`] }],
        metric_relabel_configs: sidecarRules,
      },
    ],
  });
}

/**
 * Relabelling of the sidecars' metrics. Envoy puts `envoy_` before the name of every statistic, so the prefix is
 * removed from Istio's standard metrics. All other statistics of Envoy are dropped: no query reads them, and they are
 * most of the data.
 */
export const sidecarRules = [
  { source_labels: ["__name__"], regex: "envoy_(istio_.+)", target_label: "__name__", replacement: "$1" },
  { source_labels: ["__name__"], regex: "envoy_.+", action: "drop" },
] as const;
