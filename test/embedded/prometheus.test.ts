import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { usualPorts } from "../../embedded/machine/ports.ts";
import { prometheusConfig, sidecarRules } from "../../embedded/prometheus.ts";

/** Does the part of Prometheus' relabelling that the rules use: anchored expressions, `replace` and `drop`. */
function relabel(name: string): string | undefined {
  let current = name;
  for (const rule of sidecarRules) {
    const match = new RegExp(`^(?:${rule.regex})$`).exec(current);
    if (match === null) continue;
    if ("action" in rule) return undefined;
    current = rule.replacement.replace("$1", match[1] ?? "");
  }
  return current;
}

describe("Prometheus", () => {
  it.each([
    ["envoy_istio_requests_total", "istio_requests_total"],
    ["envoy_istio_request_duration_milliseconds_bucket", "istio_request_duration_milliseconds_bucket"],
    ["envoy_cluster_upstream_rq", undefined],
    ["envoy_server_live", undefined],
    ["nv_inference_request_success", "nv_inference_request_success"],
    ["model_prediction_score_sum", "model_prediction_score_sum"],
    ["up", "up"],
  ])("stores %s as %s", (scraped, stored) => {
    expect(relabel(scraped)).toBe(stored);
  });

  it("scrapes the node agent's targets every second and keeps the labels of the sidecar", () => {
    const config = parse(prometheusConfig("/data/local", { host: "127.7.0.1", ports: usualPorts }));
    expect(config.global).toMatchObject({ scrape_interval: "1s" });
    expect(config.scrape_configs[0]).toMatchObject({
      honor_labels: true,
      file_sd_configs: [{ files: ["/data/local/prometheus/targets/*.json"] }],
      metric_relabel_configs: sidecarRules,
    });
  });

  it("scrapes the gateway, which alone sees what no pod answered", () => {
    const { scrape_configs } = parse(prometheusConfig("/data/local", { host: "127.7.0.1", ports: usualPorts }));
    expect(scrape_configs[1]).toMatchObject({
      metrics_path: "/stats/prometheus",
      static_configs: [{ targets: ["127.7.0.1:15000"] }],
      metric_relabel_configs: sidecarRules,
    });
  });
});
