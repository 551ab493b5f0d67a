// Registers the types of the resources that a chart returns; without it they have no outputs.
import "@pulumi/kubernetes/core/v1/index.js";
import type { Chart } from "@pulumi/kubernetes/helm/v4/chart.js";
import * as pulumi from "@pulumi/pulumi";
import type { LoadBalancer } from "../cluster/ingress.ts";
import type { AtSite, SiteIngress } from "../cluster/onPrem/siteSettings.ts";
import { budget, replicasAt, spread } from "./availability.ts";
import type { Certificate } from "./certificate.ts";
import type { SystemNamespace } from "./platformSystem.ts";
import { secondWave } from "./secondWave.ts";

/**
 * The namespace of an installed gateway. Its pods drop all capabilities, run as another user than root, and have a
 * seccomp profile.
 */
export const gatewayNamespace = { name: "istio-ingress", podSecurity: "restricted" } as const satisfies SystemNamespace;

/** The Service of an installed gateway. */
export const gatewayService = { namespace: gatewayNamespace.name, name: "istio-ingressgateway" } as const;

/** Labels of the pods of Istio's own gateway chart. */
export const gatewayLabels = { istio: "ingressgateway" };

/** The values of the gateway's chart: its labels, how many there are, and its Service. */
export function gatewayValues(
  { settings, zones }: AtSite,
  loadBalancer?: LoadBalancer,
  certificate?: Certificate,
): Record<string, unknown> {
  return {
    labels: gatewayLabels,
    ...secondWave(settings),
    autoscaling: { minReplicas: replicasAt(settings) },
    podDisruptionBudget: budget(settings),
    topologySpreadConstraints: spread(gatewayLabels, zones),
    // The chart's own, which setting the value replaces, and what the level `restricted` asks for.
    securityContext: {
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...lingerValues(loadBalancer),
    ...gatewayServiceValues(settings?.ingress, loadBalancer, certificate !== undefined),
  };
}

/** A pod that ends waits until no new connection comes, and then has the chart's own 30 seconds. */
function lingerValues({ lingerSeconds: seconds }: Partial<LoadBalancer> = {}): Record<string, unknown> {
  return seconds === undefined
    ? {}
    : { lifecycle: { preStop: { sleep: { seconds } } }, terminationGracePeriodSeconds: seconds + 30 };
}

/**
 * The Service of the gateway. A load balancer of a cloud gets the ports that answer requests: the port of the probe
 * (15021) is for the inside, and on 443 nothing answers without a certificate, which a load balancer that asks each
 * port would call unhealthy.
 */
function gatewayServiceValues(
  way: SiteIngress | undefined,
  loadBalancer: LoadBalancer | undefined,
  tls: boolean,
): Record<string, unknown> {
  if (way?.kind === "nodePort") return { service: { type: "NodePort", ports: servicePorts(tls, way.port) } };
  if (loadBalancer === undefined) {
    return way?.sourceRanges === undefined ? {} : { service: { loadBalancerSourceRanges: way.sourceRanges } };
  }
  const { annotations, loadBalancerClass, sourceRanges, toNodesOfPods = false } = loadBalancer;
  return {
    service: {
      annotations,
      ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
      ...(toNodesOfPods ? { externalTrafficPolicy: "Local" } : {}),
      ...(sourceRanges.length === 0 ? {} : { loadBalancerSourceRanges: sourceRanges }),
      ports: servicePorts(tls).filter(({ name }) => name === "http2" || (tls && name === "https")),
    },
  };
}

/** The chart's own ports; the node port is that of the port for requests. A value for the list replaces all of it. */
function servicePorts(tls: boolean, nodePort?: number): Record<string, unknown>[] {
  const own = nodePort === undefined ? {} : { nodePort };
  return [
    { name: "status-port", port: 15021, protocol: "TCP", targetPort: 15021 },
    { name: "http2", port: 80, protocol: "TCP", targetPort: 80, ...(tls ? {} : own) },
    { name: "https", port: 443, protocol: "TCP", targetPort: 443, ...(tls ? own : {}) },
  ];
}

/** `host:port` of the gateway, as clients reach it. */
export function gatewayAddress(way: SiteIngress | undefined, gateway: Chart, port: number): pulumi.Output<string> {
  if (way?.kind !== "nodePort") return gateway.resources.apply((all) => loadBalancerAddress(all, port));
  return pulumi.output(way.host === undefined ? addressInside(port) : `${way.host}:${way.port}`);
}

/** The gateway's address for clients inside the cluster, used where no address outside is known. */
const addressInside = (port: number) => `${gatewayService.name}.${gatewayService.namespace}.svc.cluster.local:${port}`;

interface LoadBalancerService {
  readonly status?: pulumi.Output<{ loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } } | undefined>;
}

/** The first address of the chart's LoadBalancer Service, with the port for requests. */
function loadBalancerAddress(resources: readonly unknown[] | undefined, port: number): pulumi.Output<string> {
  const service = (resources ?? []).find(
    (resource) => (resource as { __pulumiType?: string }).__pulumiType === "kubernetes:core/v1:Service",
  ) as LoadBalancerService | undefined;
  return pulumi.output(service?.status).apply((status) => {
    const ingress = status?.loadBalancer?.ingress?.[0];
    const host = ingress?.hostname ?? ingress?.ip;
    return host === undefined ? addressInside(port) : `${host}:${port}`;
  });
}
