import type * as inputs from "@pulumi/gcp/types/input.js";
import type { Problem } from "../../core/problem.ts";
import { aligned, isCidr } from "../network.ts";

/**
 * Where the Kubernetes API listens. A change updates the cluster in place. Clients that the new endpoint does not admit
 * lose access.
 */
export type GkeEndpoint =
  /**
   * On an address in the cluster's network only. `cidrs`: IPv4 blocks of networks connected by Cloud VPN or Cloud
   * Interconnect, in any region, that may reach it. A peered network may not reach it at all; none by
   * default, so only the cluster's own block.
   */
  | { readonly kind: "private"; readonly cidrs?: readonly string[] }
  /**
   * On a DNS name of Google's, with no address of its own. Every network reaches it; IAM checks each request before
   * Kubernetes sees it. For pipelines outside of the network whose addresses are not known.
   */
  | { readonly kind: "dns" }
  /** On a public address, which admits these IPv4 blocks only, at least one: `203.0.113.0/24`. */
  | { readonly kind: "public"; readonly cidrs: readonly string[] };

/** Private, as on the other clouds: only the cluster's own network reaches the API. */
export const defaultEndpoint: GkeEndpoint = { kind: "private" };

/**
 * Problems of an endpoint, with paths below it: a public one without blocks, text that is not an IPv4 block, and blocks
 * larger than a /8.
 */
export function endpointProblems(endpoint: GkeEndpoint): Problem[] {
  if (endpoint.kind === "dns") return [];
  const { kind, cidrs = [] } = endpoint;
  if (kind === "public" && cidrs.length === 0) {
    return [
      {
        path: "cidrs",
        reason: "there is none, so nobody could reach the public address.",
        fix: 'Write the networks your pipelines run in, or { kind: "dns" }.',
      },
    ];
  }
  return cidrs.flatMap((network, index) => {
    const path = `cidrs[${index}]`;
    return cidrs.indexOf(network) < index
      ? [{ path, reason: `"${network}" is there twice.`, fix: "Name it once." }]
      : networkProblems(path, network);
  });
}

function networkProblems(path: string, network: string): Problem[] {
  if (!isCidr(network)) {
    return [
      { path, reason: `"${network}" is not a block of IPv4 addresses.`, fix: 'Write, for example, "203.0.113.0/24".' },
    ];
  }
  if (aligned(network) !== network) {
    return [
      {
        path,
        reason: `"${network}" does not begin where a block of its size can.`,
        fix: `Write "${aligned(network)}".`,
      },
    ];
  }
  const subnetMask = Number(network.split("/")[1]);
  return subnetMask >= 8
    ? []
    : [
        {
          path,
          reason: `"${network}" is a /${subnetMask}: that is no network of yours but much of the internet.`,
          fix: 'Write the networks that need it, or { kind: "dns" }.',
        },
      ];
}

/** The three settings of a cluster that make up its endpoint. */
interface EndpointSettings {
  readonly privateClusterConfig: inputs.container.ClusterPrivateClusterConfig;
  readonly controlPlaneEndpointsConfig: inputs.container.ClusterControlPlaneEndpointsConfig;
  readonly masterAuthorizedNetworksConfig?: inputs.container.ClusterMasterAuthorizedNetworksConfig;
}

/** Nodes never have a public address. `cidr` is the cluster's own block, which an endpoint with an address admits. */
export function endpointSettings(endpoint: GkeEndpoint, cidr: string): EndpointSettings {
  return {
    privateClusterConfig: {
      enablePrivateNodes: true,
      // GKE answers `true` for an endpoint without an address, whatever was set; `false` would be drift
      // (hashicorp/terraform-provider-google #27901).
      enablePrivateEndpoint: endpoint.kind !== "public",
      // Else only clients in the cluster's own region reach the address, whatever network they come from.
      ...(endpoint.kind === "private" ? { masterGlobalAccessConfig: { enabled: true } } : {}),
    },
    controlPlaneEndpointsConfig: {
      ipEndpointsConfig: { enabled: endpoint.kind !== "dns" },
      dnsEndpointConfig: {
        allowExternalTraffic: endpoint.kind === "dns",
        enableK8sTokensViaDns: false,
        enableK8sCertsViaDns: false,
      },
    },
    ...(endpoint.kind === "dns"
      ? {}
      : { masterAuthorizedNetworksConfig: authorized([cidr, ...(endpoint.cidrs ?? [])]) }),
  };
}

function authorized(networks: readonly string[]): inputs.container.ClusterMasterAuthorizedNetworksConfig {
  return {
    cidrBlocks: networks.map((cidrBlock) => ({ cidrBlock, displayName: cidrBlock })),
    // `true` would admit the virtual machines of every customer of Google Cloud.
    gcpPublicCidrsAccessEnabled: false,
    privateEndpointEnforcementEnabled: true,
  };
}
