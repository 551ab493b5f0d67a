import * as pulumi from "@pulumi/pulumi";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { type Duration, durationProblems } from "../core/quantity.ts";
import { adopt, type Recorded, type Requirement, recorded } from "./adopted.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/** Prometheus with the operator's PodMonitors: installed (kube-prometheus-stack), or adopted where it runs already. */
export type PrometheusArgs = {
  /**
   * Time between two scrapes, at least 1 s. A verdict cannot come faster than this. @default "15s", which sees a failing canary
   * within a minute and keeps the series small. Changing it reloads Prometheus.
   */
  readonly scrapeInterval?: Duration;
} & (
  | { readonly install: Install }
  /** `address`: where the Argo Rollouts controller reaches Prometheus' HTTP API. */
  | { readonly adopt: { readonly address: Recorded } }
);

const namespace = "monitoring";

/** The operator's governing Service; its name does not depend on the release's. */
const installedAddress = `http://prometheus-operated.${namespace}.svc.cluster.local:9090`;

const requirements: readonly Requirement[] = [
  {
    crd: "podmonitors.monitoring.coreos.com",
    version: "v1",
    since: "Prometheus Operator 0.60",
    fields: ["spec.podMetricsEndpoints"],
  },
];

export const defaultScrapeInterval: Duration = "15s";

export function validatePrometheus(args: PrometheusArgs): Problem[] {
  return durationProblems("scrapeInterval", args.scrapeInterval ?? defaultScrapeInterval, { min: "1s", max: "2m" });
}

export class Prometheus extends Component {
  /** Where the Argo Rollouts controller reaches Prometheus. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:Prometheus", name, { mode }, opts);
    this.reject(validatePrometheus(args));

    if ("install" in args) {
      const monitoring = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.kubePrometheusStack,
        { release: "prometheus", namespace, install: args.install, values: stackValues(args) },
        { parent: this, dependsOn: monitoring },
      );
      this.address = pulumi.output(installedAddress);
      this.registerOutputs({ address: this.address });
    } else {
      this.address = recorded(this.childName("address"), args.adopt.address, { parent: this });
      this.registerOutputs({
        address: this.address,
        adopted: adopt(this.childName("crd"), "Prometheus Operator", requirements, { parent: this }),
      });
    }
  }
}

function stackValues(args: PrometheusArgs): Record<string, unknown> {
  return {
    grafana: { enabled: false },
    alertmanager: { enabled: false },
    // Both need Helm hooks, which `helm.v4.Chart` leaves out: https://github.com/pulumi/pulumi-kubernetes/issues/3284
    prometheusOperator: { admissionWebhooks: { enabled: false }, tls: { enabled: false } },
    prometheus: {
      prometheusSpec: {
        scrapeInterval: args.scrapeInterval ?? defaultScrapeInterval,
        // By default only the monitors of this release are selected; ours are in the models' namespaces.
        podMonitorSelectorNilUsesHelmValues: false,
      },
    },
  };
}
