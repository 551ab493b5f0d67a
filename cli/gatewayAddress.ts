import type { V1Node, V1Service } from "@kubernetes/client-node";
import { cloudOf } from "../components/cluster/clouds.ts";
import type { SiteIngress } from "../components/cluster/onPrem/siteSettings.ts";
import { gatewayScheme } from "../components/platform/istio.ts";
import type { Environment } from "../stacks/environments/environment.ts";

/**
 * The address of an installed gateway, from its Service; that of a node, where a site names no host for its node port.
 * Undefined: the gateway has none yet, or it is adopted. On a cluster of one's own for `local` it is installed,
 * whatever is declared.
 */
export function gatewayAddress(
  { name, platform: { istio }, clusters }: Pick<Environment, "name" | "platform" | "clusters">,
  cluster: string,
  service: V1Service | undefined,
  nodes: readonly V1Node[],
): string | undefined {
  if (service === undefined || ("adopt" in istio && name !== "local")) return undefined;
  const spec = clusters[cluster];
  const way = spec === undefined ? undefined : cloudOf(spec).settings(spec)?.ingress;
  const host = way?.kind === "nodePort" ? nodeHost(way, nodes) : balancedHost(service);
  return host === undefined ? undefined : `${gatewayScheme(istio)}://${host}`;
}

/** Every node answers at the port, so any that is ready will do, at the address that reaches furthest. */
function nodeHost(
  { host, port }: Extract<SiteIngress, { kind: "nodePort" }>,
  nodes: readonly V1Node[],
): string | undefined {
  const addresses = nodes.filter(isReady).flatMap(({ status }) => status?.addresses ?? []);
  const one = (type: string) => addresses.find((address) => address.type === type)?.address;
  const at = host ?? one("ExternalIP") ?? one("InternalIP");
  return at === undefined ? undefined : `${at.includes(":") ? `[${at}]` : at}:${port}`;
}

/** The host of a Service of type LoadBalancer. Undefined: it has none yet. */
function balancedHost({ status }: V1Service): string | undefined {
  const first = status?.loadBalancer?.ingress?.[0];
  return first?.hostname ?? first?.ip;
}

/** Whether a node's kubelet reports that it takes pods. */
export function isReady({ status }: V1Node): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true;
}
