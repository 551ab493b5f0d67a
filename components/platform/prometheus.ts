import * as pulumi from "@pulumi/pulumi";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import {
  type Bytes,
  type Duration,
  duration,
  durationProblems,
  kubernetesBytes,
  milliseconds,
} from "../core/quantity.ts";
import { mirrorOf } from "../core/registryMirror.ts";
import { adopt, adoptionProblems, type Recorded, type Requirement, recorded, recordedProblems } from "./adopted.ts";
import { replicasAt, spread } from "./availability.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/** Prometheus with the operator's PodMonitors: installed (kube-prometheus-stack), or adopted where it runs already. */
export type PrometheusArgs = {
  /**
   * Time between two scrapes, 1 s to 2 min. A verdict takes at least two of them. @default "15s": a failing canary
   * shows within a minute, and the series stay small. Changing it reloads an installed Prometheus; for an adopted one,
   * write the interval that its owner has set.
   */
  readonly scrapeInterval?: Duration;
} & (
  | { readonly install: Install }
  /** `address` is the URL at which the Argo Rollouts controller reaches Prometheus' HTTP API. */
  | { readonly adopt: { readonly address: Recorded } }
);

/** The node exporter shares the network, the processes and the files of its node. */
const namespace = { name: "monitoring", podSecurity: "privileged" } as const;

/** The Service that the operator makes for Prometheus. Its name does not depend on the release's name. */
const installedAddress = `http://prometheus-operated.${namespace.name}.svc.cluster.local:9090`;

const requirements: readonly Requirement[] = [
  {
    crd: "podmonitors.monitoring.coreos.com",
    version: "v1",
    since: "Prometheus Operator 0.60",
    fields: ["spec.podMetricsEndpoints"],
  },
  // The alerts of each model.
  {
    crd: "prometheusrules.monitoring.coreos.com",
    version: "v1",
    since: "Prometheus Operator 0.60",
    fields: ["spec.groups"],
  },
];

/** The time between two scrapes where none is declared. */
export const defaultScrapeInterval: Duration = "15s";

/** Everything wrong with the arguments, by the path below `platform.prometheus`. */
export function validatePrometheus(args: PrometheusArgs & AtSite): Problem[] {
  return [
    ...durationProblems("scrapeInterval", args.scrapeInterval ?? defaultScrapeInterval, {
      min: "1s",
      max: "2m",
      whole: "1ms",
    }),
    ...("adopt" in args
      ? recordedProblems("adopt.address", args.adopt.address, {
          what: "a URL of http:// or https://, without a user name",
          example: "http://prometheus.monitoring.svc:9090",
          isRight: isPlainUrl,
        })
      : []),
    ...adoptionProblems(args, "install: {}"),
  ];
}

/** An AnalysisTemplate holds the address, for all to read. */
function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  return /^https?:\/\/\S+$/.test(value) && url !== null && url.username === "" && url.password === "";
}

/**
 * Prometheus and its operator on one cluster. Installed: the operator's definitions, and kube-prometheus-stack without
 * Grafana and Alertmanager. Adopted: the definition of PodMonitor is read, and the update fails where it lacks what the
 * program writes.
 */
export class Prometheus extends Component {
  /** The URL at which the Argo Rollouts controller reaches Prometheus' HTTP API. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: PrometheusArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:Prometheus", name, { mode }, opts);
    this.reject(validatePrometheus(args));

    if ("install" in args) {
      const monitoring = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
      const { install, settings } = args;
      const definitions = systemChart(
        this.childName("definitions"),
        charts.prometheusDefinitions,
        {
          release: "prometheus-definitions",
          namespace: namespace.name,
          install,
          values: definitionValues,
          settings,
          // Before, kube-prometheus-stack brought them: they are the same resources.
          prefix: this.childName("chart"),
        },
        { parent: this, dependsOn: monitoring },
      );
      systemChart(
        this.childName("chart"),
        charts.kubePrometheusStack,
        { release: "prometheus", namespace: namespace.name, install, values: stackValues(args), settings },
        { parent: this, dependsOn: definitions },
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

/**
 * The values of the chart of definitions: those of the operator's kinds that run here, and of what Prometheus reads.
 * The others are 2.7 MB of 4.5 MB, which each stack would hold three times and write anew after each step. The
 * operator leaves out what has no definition (prometheus-operator `cmd/operator/main.go`).
 */
export const definitionValues = {
  crds: {
    alertmanagerconfigs: { enabled: false },
    alertmanagers: { enabled: false },
    prometheusagents: { enabled: false },
    thanosrulers: { enabled: false },
  },
} as const;

/**
 * The size of Prometheus' volume. 100,000 series every 15 s for ten days, the chart's default retention, take 8 GB (1.3
 * bytes a sample, Prometheus' storage documentation).
 */
const volumeSize: Bytes = "20GiB";
/** Prometheus deletes the oldest samples above this size, so that the volume never fills. */
const retentionSize: Bytes = "16GiB";

/**
 * The values of kube-prometheus-stack.
 *
 * - Two replicas scrape the same targets, each into a volume of its own, so that a release is judged while one of them
 *   moves to another node. A query goes to either: what both have counted differs by one scrape at most.
 * - Memory: 100,000 series take about 1 GiB by our estimate, and twice that while the log is read after a restart.
 *   Without requests the kernel would end Prometheus before all others when a node's memory is full.
 * - The parts of the control plane are not scraped. A cloud keeps them to itself, kubeadm, k3s and RKE2 bind their
 *   metrics to the loopback address, and the chart's rules would report them as down for ever.
 */
export function stackValues({
  scrapeInterval = defaultScrapeInterval,
  settings,
  zones,
}: Pick<PrometheusArgs, "scrapeInterval"> & AtSite): Record<string, unknown> {
  const from = (registry: string) => {
    const address = mirrorOf(settings?.registryMirror, registry);
    return address === undefined ? {} : { image: { registry: address } };
  };
  const quay = from("quay.io");
  const replicas = replicasAt(settings);
  return {
    // A chart of their own brings the definitions.
    crds: { enabled: false },
    grafana: { enabled: false },
    alertmanager: { enabled: false },
    kubeControllerManager: { enabled: false },
    kubeScheduler: { enabled: false },
    kubeEtcd: { enabled: false },
    kubeProxy: { enabled: false },
    prometheusOperator: {
      // Both need Helm hooks, which `helm.v4.Chart` leaves out: https://github.com/pulumi/pulumi-kubernetes/issues/3284
      admissionWebhooks: { enabled: false },
      tls: { enabled: false },
      ...quay,
      // Of a sidecar that no Prometheus here has. The operator names its image all the same.
      ...("image" in quay ? { thanosImage: quay.image } : {}),
      resources: { requests: { cpu: "50m", memory: "128Mi" } },
      prometheusConfigReloader: { ...quay, resources: { requests: { cpu: "10m", memory: "50Mi" } } },
    },
    "kube-state-metrics": { ...from("registry.k8s.io"), resources: { requests: { cpu: "10m", memory: "128Mi" } } },
    "prometheus-node-exporter": { ...quay, resources: { requests: { cpu: "10m", memory: "32Mi" } } },
    prometheus: {
      podDisruptionBudget: { enabled: replicas > 1 },
      prometheusSpec: {
        ...quay,
        // Prometheus reads no decimals: "1.5s" is "1500ms".
        scrapeInterval: duration(milliseconds(scrapeInterval)),
        replicas,
        resources:
          replicas > 1
            ? { requests: { cpu: "500m", memory: "2Gi" }, limits: { memory: "4Gi" } }
            : { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "4Gi" } },
        topologySpreadConstraints: spread({ "app.kubernetes.io/name": "prometheus" }, zones),
        ...volume(settings?.storageClass),
        // By default Prometheus selects only what has the label of this release. Monitors are in the namespaces of the
        // models and of the systems, and others add rules, probes and scrape configurations.
        podMonitorSelectorNilUsesHelmValues: false,
        serviceMonitorSelectorNilUsesHelmValues: false,
        ruleSelectorNilUsesHelmValues: false,
        probeSelectorNilUsesHelmValues: false,
        scrapeConfigSelectorNilUsesHelmValues: false,
      },
    },
  };
}

/** A volume, since without one a Prometheus that moves to another node loses the counts of a running release. */
function volume(storageClass: string | undefined): Record<string, unknown> {
  const spec = {
    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: kubernetesBytes(volumeSize) } },
  };
  return { retentionSize, storageSpec: { volumeClaimTemplate: { spec } } };
}

/** Prometheus with its operator: installed, or adopted where it runs already. */
export const prometheus = {
  title: "Prometheus Operator",
  componentName: "prometheus",
  declared: "required",
  after: ["ebsStorageClass"],
  namespaces: [namespace],
  requirements,
  // Its cluster monitoring owns the same definitions, and its security contexts refuse the node exporter.
  onOpenShift: "a Prometheus that reads PodMonitors and answers without a token",
  webhookPorts: [],
  asks: { volume: true },
  versions: {
    title: "kube-prometheus-stack",
    verb: "supports",
    installed: charts.kubePrometheusStack.version,
    releases: [
      {
        version: "88",
        kubernetes: { min: "1.25" },
        source: "prometheus-community/helm-charts `charts/kube-prometheus-stack/Chart.yaml`",
      },
    ],
  },
  runsOn: () => true,
  problems: validatePrometheus,
  installed: ({ scrapeInterval }: PrometheusArgs): PrometheusArgs => ({
    install: {},
    ...(scrapeInterval === undefined ? {} : { scrapeInterval }),
  }),
  build(name, args, _cluster, opts) {
    const built = new Prometheus(name, args, opts);
    return { resource: built, published: { prometheusAddress: built.address } };
  },
} as const satisfies PlatformSystem<PrometheusArgs, { readonly prometheusAddress: pulumi.Output<string> }>;
