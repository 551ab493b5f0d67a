import { gatewayService } from "../../components/platform/istioGateway.ts";
import { count, defineCheck, failed, few, passed, type Verdict } from "../check.ts";
import type { ClusterContents, ServiceFacts } from "../clusterFacts.ts";

type Seen = Pick<ClusterContents, "services" | "definitions" | "daemonSets" | "nodes">;

/** The ports of the gateway's Service of type LoadBalancer at a site: the chart's, for probes, HTTP and HTTPS. */
const gatewayPorts: readonly number[] = [15021, 80, 443];

/** Services of type LoadBalancer get an address, or the declared node port is free. */
export const ingress = defineCheck({
  name: "ingress",
  title: "ingress",
  reads: ["services", "definitions", "daemonSets", "nodes"],
  unneeded: ({ ingress: way }) => (way.kind === "none" ? "no gateway is installed" : undefined),
  needed: ({ ingress: way }) =>
    way.kind === "nodePort"
      ? `node port ${way.port}, free`
      : "something that gives Services of type LoadBalancer an address",
  compare: (seen, { ingress: way }) => {
    return way.kind === "nodePort" ? nodePort(seen, way.port) : loadBalancer(seen);
  },
});

function nodePort({ services }: Seen, port: number): Verdict {
  const taken = services.filter(
    ({ namespace, nodePorts }) => namespace !== gatewayService.namespace && nodePorts.includes(port),
  );
  if (taken.length === 0) return passed(`node port ${port} is free`);
  return failed(
    `node port ${port} is taken by Service ${few(taken.map(({ namespace, name }) => `${namespace}/${name}`))}`,
    "Declare another port from 30000 to 32767 in the site's ingress.",
  );
}

function loadBalancer(seen: Seen): Verdict {
  const [blocker] = seen.services.filter((service) => takesGatewayPorts(service, seen));
  if (blocker !== undefined) {
    const ports = blocker.ports.filter((port) => gatewayPorts.includes(port));
    return failed(
      `k3s ServiceLB holds port ${ports.join(" and ")} of the nodes for Service ${blocker.namespace}/${blocker.name}, and the gateway would wait for ever`,
      'Remove it (Traefik: disable: [traefik] in /etc/rancher/k3s/config.yaml), or declare the site\'s ingress: { kind: "nodePort", port }.',
    );
  }
  const balanced = seen.services.filter(({ type }) => type === "LoadBalancer");
  const served = balanced.filter(({ hasAddress }) => hasAddress);
  if (served.length > 0) return passed(`${count(served.length, "Service")} of type LoadBalancer with an address`);
  const controller = controllerOf(seen);
  if (controller !== undefined) return passed(controller);
  const waiting = balanced.length === 0 ? "" : `, and ${count(balanced.length, "Service")} without an address`;
  return failed(
    `no load balancer is known here${waiting}`,
    'Install one (MetalLB, kube-vip), or declare the site\'s ingress: { kind: "nodePort", port }.',
  );
}

/**
 * k3s ServiceLB opens the ports of a Service on the nodes themselves, by a DaemonSet `svclb-<Service>-<hash>`, and on
 * each node one Service can have a port (k3s #1969).
 */
function takesGatewayPorts({ namespace, name, type, ports }: ServiceFacts, { daemonSets }: Seen): boolean {
  return (
    type === "LoadBalancer" &&
    namespace !== gatewayService.namespace &&
    ports.some((port) => gatewayPorts.includes(port)) &&
    daemonSets.some((set) => set.name.startsWith(`svclb-${name}-`))
  );
}

/** The load balancer controller, by a custom resource, a DaemonSet or the cloud of the nodes. */
function controllerOf({ definitions, daemonSets, nodes }: Seen): string | undefined {
  const byDefinition = Object.entries({
    "ipaddresspools.metallb.io": "MetalLB",
    "ciliumloadbalancerippools.cilium.io": "Cilium's address pools",
    "eips.network.kubesphere.io": "OpenELB",
    "servicegroups.purelb.io": "PureLB",
  }).find(([name]) => definitions.some((definition) => definition.name === name))?.[1];
  if (byDefinition !== undefined) return byDefinition;
  if (daemonSets.some(({ name }) => name.startsWith("kube-vip"))) return "kube-vip";
  const cloud = nodes.map(({ providerId }) => /^(aws|azure|gce):\/\//.exec(providerId ?? "")?.[1]).find(Boolean);
  if (cloud !== undefined) return `the cloud's own (${cloud})`;
  // k3s runs its ServiceLB unless told otherwise, which the API does not show.
  return nodes.some(({ nodeInfo }) => nodeInfo.kubeletVersion.includes("+k3s")) ? "k3s ServiceLB" : undefined;
}
