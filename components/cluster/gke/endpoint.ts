import type * as inputs from "@pulumi/gcp/types/input.js";
import { Address4 } from "ip-address";
import type { Problem } from "../../core/problem.ts";

/**
 * Where the Kubernetes API listens. Changing it replaces nothing, but whoever comes from elsewhere loses their way in.
 */
export type GkeEndpoint =
  /**
   * On an address of the cluster's network alone. `cidrs`: networks connected to it (peering, VPN) that may reach it.
   * By default from none.
   */
  | { readonly kind: "private"; readonly cidrs?: readonly string[] }
  /**
   * On a name of Google's that every network reaches, with no address of its own: IAM admits a request before
   * Kubernetes sees it. For pipelines that run outside of the network, without a list of their addresses.
   */
  | { readonly kind: "dns" }
  /** On a public address, for these networks only: `203.0.113.0/24`. */
  | { readonly kind: "public"; readonly cidrs: readonly string[] };

export const defaultEndpoint: GkeEndpoint = { kind: "private" };

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
  return cidrs.flatMap((network, index) => networkProblems(`cidrs[${index}]`, network));
}

function networkProblems(path: string, network: string): Problem[] {
  if (!/\/\d+$/.test(network) || !Address4.isValid(network)) {
    return [
      { path, reason: `"${network}" is not a block of IPv4 addresses.`, fix: 'Write, for example, "203.0.113.0/24".' },
    ];
  }
  const { subnetMask } = new Address4(network);
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

/** Nodes are private always. `cidr` is the cluster's own block. */
export function endpointSettings(endpoint: GkeEndpoint, cidr: string): EndpointSettings {
  return {
    privateClusterConfig: {
      enablePrivateNodes: true,
      // Without an address GKE answers `true` whatever is asked, which would be drift
      // (hashicorp/terraform-provider-google #27901).
      enablePrivateEndpoint: endpoint.kind !== "public",
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
    // Otherwise every virtual machine of every customer of Google Cloud is let through.
    gcpPublicCidrsAccessEnabled: false,
    privateEndpointEnforcementEnabled: true,
  };
}
