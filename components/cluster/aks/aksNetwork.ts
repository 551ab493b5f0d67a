import { Subnet } from "@pulumi/azure-native/network/subnet.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import type * as pulumi from "@pulumi/pulumi";
import { Address4 } from "ip-address";
import { Component } from "../../core/component.ts";
import { allocate } from "../network.ts";
import { knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

/** Blocks of a cluster's network. */
export interface AksBlocks {
  readonly nodes: string;
  /** The API server's, in the network: 28 bits, the least AKS takes; it uses nine addresses at least. */
  readonly apiServer: string;
  /** Of Kubernetes Services; never in the virtual network. */
  readonly services: string;
  /** Of the cluster's DNS, among the services. */
  readonly dns: string;
}

/** Half for nodes, a quarter for services; the rest is free, but for the API server. */
export function aksBlocks(cidr: string): AksBlocks {
  const blocks = allocate(cidr, { nodes: 1, services: 2, apiServer: 28 - new Address4(cidr).subnetMask });
  const dns = Address4.fromBigInt(new Address4(blocks.services).startAddress().bigInt() + 10n).correctForm();
  return { ...blocks, dns };
}

/**
 * Pods of every cluster: RFC 6598, which AKS supports for them. In an overlay each node has a /24 of its own, so that a
 * cluster's own block would hold 8 to 128 nodes; and since pods leave the node with its address, clusters may share
 * theirs (MicrosoftDocs/azure-aks-docs `articles/aks/concepts-network-azure-cni-overlay.md`).
 */
export const podCidr = "100.64.0.0/10";

/**
 * A virtual network with a subnet for nodes and one for the API server. There is no NAT gateway: those that
 * azure-native can make live in one zone, while the load balancer that AKS brings lets nodes out from all of them. The
 * model store is reached by a service endpoint, which costs nothing and needs no DNS zone.
 */
export class AksNetwork extends Component {
  readonly nodeSubnetId: pulumi.Output<string>;
  readonly apiServerSubnetId: pulumi.Output<string>;

  constructor(name: string, scope: AksScope, blocks: AksBlocks, opts: pulumi.ComponentResourceOptions) {
    super("cluster:AksNetwork", name, { nodes: blocks.nodes, apiServer: blocks.apiServer }, opts);
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
        // Nodes get out through the cluster's load balancer or not at all.
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
      // A virtual network takes one change at a time.
      { parent: this, dependsOn: nodes },
    );

    this.nodeSubnetId = nodes.id;
    this.apiServerSubnetId = apiServer.id;
    this.registerOutputs({ nodeSubnetId: this.nodeSubnetId, apiServerSubnetId: this.apiServerSubnetId });
  }
}
