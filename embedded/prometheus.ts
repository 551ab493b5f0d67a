import { stringify } from "yaml";
import type { Allocation } from "./controlPlane/allocation.ts";
import { environmentFiles } from "./machine/paths.ts";
import type { ProcessSpec } from "./process/processSpec.ts";

/** Prometheus, with its data kept over restarts and bounded in age and size. */
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
 * The configuration. Targets and their labels come from the files the node agent writes, as the Prometheus operator
 * would make them from PodMonitors; every second, so that a verdict is as young as in a test it needs to be.
 */
export function prometheusConfig(dataDir: string): string {
  return stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    scrape_configs: [
      {
        job_name: "pods",
        // The sidecar speaks for every pod behind it, so the labels it sends are the right ones.
        honor_labels: true,
        file_sd_configs: [{ files: [`${environmentFiles(dataDir).prometheusTargets}/*.json`], refresh_interval: "5s" }],
        metric_relabel_configs: sidecarRules,
      },
    ],
  });
}

/**
 * The sidecar Envoy makes Istio's standard metrics itself, but Envoy puts `envoy_` before the name of every statistic.
 * The rest of what Envoy counts is left out: nothing asks for it and it is most of what there would be to store.
 */
export const sidecarRules = [
  { source_labels: ["__name__"], regex: "envoy_(istio_.+)", target_label: "__name__", replacement: "$1" },
  { source_labels: ["__name__"], regex: "envoy_.+", action: "drop" },
] as const;
