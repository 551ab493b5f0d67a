import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import { customResource } from "../core/customResource.ts";
import { argoRollouts } from "./argoRollouts.ts";
import { istio } from "./istio.ts";
import type { PlatformSystem, SystemCluster } from "./platformSystem.ts";

/** Pods of a system that Prometheus scrapes. */
interface Monitored {
  /** The system, by its key. */
  readonly system: "istio" | "argoRollouts";
  /** The name of the PodMonitor. */
  readonly name: string;
  /** The namespace of the pods, and of the PodMonitor. */
  readonly namespace: string;
  /** Labels of the pods. */
  readonly pods: Readonly<Record<string, string>>;
  /** The name of the port in the pod. */
  readonly port: string;
  /** The path of the metrics there. */
  readonly path: string;
  /** Metrics say themselves which namespace they are about; else Prometheus would overwrite it with the pod's. */
  readonly honorLabels?: true;
}

const [root, ingress] = istio.namespaces;
const [controller] = argoRollouts.namespaces;

/** What the charts of the systems leave unscraped. */
const monitored: readonly Monitored[] = [
  {
    system: "istio",
    name: "istiod",
    namespace: root.name,
    pods: { app: "istiod" },
    port: "http-monitoring",
    path: "/metrics",
  },
  {
    system: "istio",
    name: "istio-ingressgateway",
    namespace: ingress.name,
    pods: { istio: "ingressgateway" },
    port: "http-envoy-prom",
    path: "/stats/prometheus",
  },
  {
    system: "argoRollouts",
    name: "argo-rollouts",
    namespace: controller.name,
    pods: { "app.kubernetes.io/component": "rollouts-controller" },
    port: "metrics",
    path: "/metrics",
    // The namespace of a Rollout, not the controller's (argo-rollouts #1866).
    honorLabels: true,
  },
];

/** Those that are installed. Of an adopted system the owner scrapes it. */
function monitoredOn(modes: SystemCluster["modes"]): Monitored[] {
  return monitored.filter(({ system }) => modes[system] === "install");
}

/** PodMonitors of istiod, of the gateway and of the Rollouts controller of one cluster. */
export class SystemMonitors extends Component {
  constructor(name: string, modes: SystemCluster["modes"], opts?: pulumi.ComponentResourceOptions) {
    super("platform:SystemMonitors", name, {}, opts);
    for (const { name: of, namespace, pods, port, path, honorLabels } of monitoredOn(modes)) {
      customResource(
        "PodMonitor",
        this.childName(of),
        { name: of, namespace },
        {
          selector: { matchLabels: pods },
          podMetricsEndpoints: [{ port, path, ...(honorLabels === undefined ? {} : { honorLabels }) }],
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}

/** PodMonitors of systems whose charts bring none. */
export const systemMonitors = {
  title: "monitors of the systems",
  componentName: "monitors",
  declared: "derived",
  fallback: {},
  // The definition of a PodMonitor is Prometheus', and the namespaces are the others'.
  after: ["prometheus", "istio", "argoRollouts"],
  namespaces: [],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: ({ modes }) => monitoredOn(modes).length > 0,
  problems: () => [],
  installed: (args) => args,
  build: (name, _args, { modes }, opts) => ({ resource: new SystemMonitors(name, modes, opts), published: {} }),
} as const satisfies PlatformSystem;
