import { Network } from "@pulumi/gcp/compute/network.js";
import { Router } from "@pulumi/gcp/compute/router.js";
import { RouterNat } from "@pulumi/gcp/compute/routerNat.js";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { allocate } from "../network.ts";

/** Whose network it is, and which addresses it has. */
export interface GkeNetworkArgs {
  /** `name` of network, subnet, router and NAT: the cluster's name. A change replaces all of them. */
  readonly cluster: string;
  /** `region` of subnet, router and NAT. A change replaces them. */
  readonly region: string;
  /** The cluster's own block of IPv4 addresses, /16 to /20, which `gkeBlocks` divides. A change replaces the subnet. */
  readonly cidr: string;
}

/**
 * Divides a cluster's block: half for pods, a quarter for nodes, an eighth for services; an eighth stays free. Pods get
 * most, since a node takes the addresses of all pods that it can run as soon as it is made.
 */
export function gkeBlocks(cidr: string): Readonly<Record<"pods" | "nodes" | "services", string>> {
  return allocate(cidr, { pods: 1, nodes: 2, services: 3 });
}

/** Name of the subnet's secondary range for pods: `clusterSecondaryRangeName` of the cluster. */
export const podRange = "pods";
/** Name of the subnet's secondary range for services: `servicesSecondaryRangeName` of the cluster. */
export const serviceRange = "services";

/**
 * A network of the cluster's own, with one subnet: subnets of Google Cloud span the zones of a region. Nodes have no
 * public address. They reach Google's APIs, and so the model store, by Private Google Access, and the internet through
 * Cloud NAT.
 */
export class GkeNetwork extends Component {
  /** Id of the VPC: `projects/<project>/global/networks/<cluster>`. */
  readonly network: pulumi.Output<string>;
  /** Id of the subnet: `projects/<project>/regions/<region>/subnetworks/<cluster>`. */
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
        // By default a node has 64 ports, too few to pull the layers of several images at once.
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
