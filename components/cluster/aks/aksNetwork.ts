import { Subnet } from "@pulumi/azure-native/network/subnet.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import { VirtualNetworkPeering } from "@pulumi/azure-native/network/virtualNetworkPeering.js";
import type * as pulumi from "@pulumi/pulumi";
import { Address4 } from "ip-address";
import { Component } from "../../core/component.ts";
import { allocate } from "../network.ts";
import { knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

/** Blocks of IPv4 addresses that a cluster's own block is divided into. */
export interface AksBlocks {
  /** Half of the cluster's block: `addressPrefix` of the subnet `nodes`. Each node takes one address. */
  readonly nodes: string;
  /**
   * `addressPrefix` of the API server's subnet: a /28, the smallest that AKS accepts. The API server uses nine
   * addresses at least.
   */
  readonly apiServer: string;
  /** `serviceCidr`: a quarter of the cluster's block, for Kubernetes Services. It is not in the virtual network. */
  readonly services: string;
  /** `dnsServiceIP`: address 10 of `services`, for the cluster's DNS: `10.16.128.10` in a cluster of 10.16.0.0/16. */
  readonly dns: string;
}

/** Divides a cluster's block: half for nodes, a quarter for services, a /28 for the API server. The rest is free. */
export function aksBlocks(cidr: string): AksBlocks {
  const blocks = allocate(cidr, { nodes: 1, services: 2, apiServer: 28 - new Address4(cidr).subnetMask });
  const dns = Address4.fromBigInt(new Address4(blocks.services).startAddress().bigInt() + 10n).correctForm();
  return { ...blocks, dns };
}

/**
 * `podCidr` of every cluster, from RFC 6598, which AKS supports for pods. In an overlay each node takes a /24, so half
 * of a cluster's own block would hold 8 to 128 nodes. Pods leave a node under the node's address, so clusters may have
 * the same pod block (MicrosoftDocs/azure-aks-docs `articles/aks/concepts-network-azure-cni-overlay.md`).
 */
export const podCidr = "100.64.0.0/10";

/** What a cluster's network consists of, and what it is connected to. */
export interface AksNetworkArgs {
  /** Blocks of the subnets. A change replaces them. */
  readonly blocks: AksBlocks;
  /** `peerings` of the cluster: ARM ids of other virtual networks by name. */
  readonly peerings: Readonly<Record<string, string>>;
}

/**
 * A virtual network with a subnet for nodes and one for the API server. There is no NAT gateway: one that azure-native
 * can make is in a single zone, while the load balancer that AKS makes serves nodes of all zones. Nodes reach the model
 * store by a service endpoint, which costs nothing and needs no DNS zone.
 */
export class AksNetwork extends Component {
  /** ARM id of the virtual network: `<resource group's id>/providers/Microsoft.Network/virtualNetworks/<name>`. */
  readonly networkId: pulumi.Output<string>;
  /** ARM id of the subnet `nodes`, in which all pools are. It has a service endpoint for Storage. */
  readonly nodeSubnetId: pulumi.Output<string>;
  /** ARM id of the subnet `api-server`, which is delegated to AKS. */
  readonly apiServerSubnetId: pulumi.Output<string>;

  constructor(
    name: string,
    scope: AksScope,
    { blocks, peerings }: AksNetworkArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("cluster:AksNetwork", name, { nodes: blocks.nodes, apiServer: blocks.apiServer, peerings }, opts);
    const { resourceGroupName, location, tags } = scope;

    const network = new VirtualNetwork(
      name,
      {
        virtualNetworkName: name,
        resourceGroupName,
        location,
        addressSpace: { addressPrefixes: [blocks.nodes, blocks.apiServer] },
        tags,
      },
      { parent: this },
    );
    const virtualNetworkName = knownName(network, name);
    const nodes = new Subnet(
      this.childName("nodes"),
      {
        subnetName: "nodes",
        virtualNetworkName,
        resourceGroupName,
        addressPrefix: blocks.nodes,
        serviceEndpoints: [{ service: "Microsoft.Storage" }],
        // Nodes reach the internet through the cluster's load balancer only.
        defaultOutboundAccess: false,
      },
      { parent: this },
    );
    const apiServer = new Subnet(
      this.childName("api-server"),
      {
        subnetName: "api-server",
        virtualNetworkName,
        resourceGroupName,
        addressPrefix: blocks.apiServer,
        delegations: [{ name: "aks", serviceName: "Microsoft.ContainerService/managedClusters" }],
      },
      // Azure refuses two changes of a virtual network at once.
      { parent: this, dependsOn: nodes },
    );
    let before: pulumi.Resource = apiServer;
    for (const [key, id] of Object.entries(peerings)) {
      before = new VirtualNetworkPeering(
        this.childName(`to-${key}`),
        {
          virtualNetworkPeeringName: key,
          virtualNetworkName,
          resourceGroupName,
          remoteVirtualNetwork: { id },
          allowVirtualNetworkAccess: true,
          // Also what the other network passes on, as a firewall of a hub does.
          allowForwardedTraffic: true,
        },
        { parent: this, dependsOn: before },
      );
    }

    this.networkId = network.id;
    this.nodeSubnetId = nodes.id;
    this.apiServerSubnetId = apiServer.id;
    this.registerOutputs({
      networkId: this.networkId,
      nodeSubnetId: this.nodeSubnetId,
      apiServerSubnetId: this.apiServerSubnetId,
    });
  }
}
