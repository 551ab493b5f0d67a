import { Network } from "@pulumi/gcp/compute/network.js";
import { Router } from "@pulumi/gcp/compute/router.js";
import { RouterNat } from "@pulumi/gcp/compute/routerNat.js";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { allocate } from "../network.ts";

export interface GkeNetworkArgs {
  /** The cluster's name; everything here is named after it. */
  readonly cluster: string;
  readonly region: string;
  readonly cidr: string;
}

/** Blocks of a cluster: half for pods, since each node takes a whole range of them at once; an eighth stays free. */
export function gkeBlocks(cidr: string): Readonly<Record<"pods" | "nodes" | "services", string>> {
  return allocate(cidr, { pods: 1, nodes: 2, services: 3 });
}

/** Names of the secondary ranges, as the cluster refers to them. */
export const podRange = "pods";
export const serviceRange = "services";

/**
 * A network of the cluster's own, with one subnet: subnets of Google Cloud span the zones of a region. Nodes have no
 * public address. Google's APIs, the model store among them, are reached privately, everything else through NAT.
 */
export class GkeNetwork extends Component {
  readonly network: pulumi.Output<string>;
  readonly subnetwork: pulumi.Output<string>;

  constructor(name: string, args: GkeNetworkArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:GkeNetwork", name, { cidr: args.cidr }, opts);
    const blocks = gkeBlocks(args.cidr);

    const network = new Network(
      this.childName("vpc"),
      { name: args.cluster, autoCreateSubnetworks: false, routingMode: "REGIONAL" },
      { parent: this },
    );
    const subnetwork = new Subnetwork(
      this.childName("subnet"),
      {
        name: args.cluster,
        region: args.region,
        network: network.id,
        ipCidrRange: blocks.nodes,
        secondaryIpRanges: [
          { rangeName: podRange, ipCidrRange: blocks.pods },
          { rangeName: serviceRange, ipCidrRange: blocks.services },
        ],
        privateIpGoogleAccess: true,
        logConfig: { aggregationInterval: "INTERVAL_10_MIN", flowSampling: 0.5, metadata: "INCLUDE_ALL_METADATA" },
      },
      { parent: this },
    );
    const router = new Router(
      this.childName("router"),
      { name: args.cluster, region: args.region, network: network.id },
      { parent: this },
    );
    new RouterNat(
      this.childName("nat"),
      {
        name: args.cluster,
        region: args.region,
        router: router.name,
        natIpAllocateOption: "AUTO_ONLY",
        sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
        // 64 ports a node, the fixed default, run out when a node pulls the layers of several images at once.
        enableDynamicPortAllocation: true,
        enableEndpointIndependentMapping: false,
        minPortsPerVm: 256,
        maxPortsPerVm: 8192,
        logConfig: { enable: true, filter: "ERRORS_ONLY" },
      },
      { parent: this, dependsOn: subnetwork },
    );

    this.network = network.id;
    this.subnetwork = subnetwork.id;
    this.registerOutputs({ network: this.network, subnetwork: this.subnetwork });
  }
}
