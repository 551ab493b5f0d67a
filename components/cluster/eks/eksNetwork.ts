import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import { VpcIpv4CidrBlockAssociation } from "@pulumi/aws/ec2/vpcIpv4CidrBlockAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { allocate } from "../network.ts";
import { type Peering, peer } from "./peerings.ts";

/** Where a cluster's network is, and the addresses it takes. */
export interface EksNetworkArgs {
  /** The EKS cluster's name, in the tag `kubernetes.io/cluster/<name>` by which load balancers find subnets. */
  readonly cluster: string;
  /** The region of the VPC, and of the S3 that its gateway endpoint leads to. */
  readonly region: string;
  /** Three availability zones. Each gets a private and a public subnet and a NAT gateway. A change replaces subnets. */
  readonly zones: readonly string[];
  /** The cluster's own block of IPv4 addresses, /16 to /20, cut by `eksBlocks`. A change replaces the VPC. */
  readonly cidr: string;
  /** Networks that the VPC is connected to, by name. A change replaces nothing else. */
  readonly peerings: Readonly<Record<string, Peering>>;
  /** AWS tags of everything in the network. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The blocks that a cluster's own block is cut into. */
export interface EksBlocks {
  /** For Kubernetes Services. It is outside the VPC, because EKS refuses a `serviceIpv4Cidr` inside. */
  readonly services: string;
  /** The first block of the VPC. It holds the public subnets. */
  readonly edge: string;
  /**
   * By zone. The private block holds nodes and pods, each pod with an address of its own; it is added to the VPC. The
   * public block is a quarter of the edge.
   */
  readonly zones: Readonly<Record<string, { readonly private: string; readonly public: string }>>;
}

/**
 * Cuts the block of a cluster with three zones: a quarter for the nodes and pods of each zone, an eighth for the edge
 * and an eighth for Services. The order of the zones does not matter.
 */
export function eksBlocks(cidr: string, zones: readonly string[]): EksBlocks {
  const sorted = [...zones].sort();
  const { edge, services, ...nodes } = allocate(cidr, { ...eachZone(sorted, 2), edge: 3, services: 3 });
  const balancers = allocate(edge, eachZone(sorted, 2));
  return {
    services,
    edge,
    zones: Object.fromEntries(
      Object.entries<string>(nodes).map(([zone, block]) => [zone, { private: block, public: balancers[zone] ?? "" }]),
    ),
  };
}

/**
 * A VPC with a private and a public subnet in every zone. Each zone has a NAT gateway of its own: one for all would cut
 * off the other two zones when its zone fails, and nodes there would pay twice for each image that they pull, for NAT
 * and for traffic between zones. S3, where models and the layers of ECR images are, is reached through a gateway
 * endpoint, which costs nothing.
 */
export class EksNetwork extends Component {
  /** Id of the VPC, for security groups. */
  readonly vpcId: pulumi.Output<string>;
  /** The block of Kubernetes Services (`serviceIpv4Cidr`), outside the VPC. */
  readonly services: string;
  /** The subnets of nodes and pods, by zone. The control plane has its interfaces there, too. */
  readonly privateSubnets: Readonly<Record<string, Subnet>>;
  /** Ids of the private subnets' route tables, by zone. */
  readonly routeTables: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: EksNetworkArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:EksNetwork", name, { cidr: args.cidr, zones: args.zones }, opts);
    const blocks = eksBlocks(args.cidr, args.zones);

    this.vpcId = this.#vpc(args, blocks);
    const edge = this.#edge(args);
    const zones = Object.entries(blocks.zones).map(([zone, block]) => {
      const exit = this.#exit(args, zone, block.public, edge);
      return { zone, ...this.#privateSubnet(args, zone, block.private, exit) };
    });
    new VpcEndpoint(
      this.childName("s3"),
      {
        vpcId: this.vpcId,
        serviceName: `com.amazonaws.${args.region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds: zones.map(({ table }) => table.id),
        tags: this.#tags(args, "s3"),
      },
      { parent: this },
    );

    this.services = blocks.services;
    this.privateSubnets = Object.fromEntries(zones.map(({ zone, subnet }) => [zone, subnet]));
    this.routeTables = Object.fromEntries(zones.map(({ zone, table }) => [zone, table.id]));
    const subnets = Object.fromEntries(zones.map(({ zone, subnet }) => [zone, subnet.id]));
    for (const [key, peering] of Object.entries(args.peerings)) {
      const { vpcId, routeTables } = this;
      peer(
        this.childName(`to-${key}`),
        peering,
        { vpcId, subnets, routeTables, tags: args.tags },
        {
          parent: this,
        },
      );
    }
    this.registerOutputs({ vpcId: this.vpcId });
  }

  #vpc(args: EksNetworkArgs, { edge }: EksBlocks): pulumi.Output<string> {
    // Only the VPC's own DNS resolves the name of the API server's private endpoint.
    const vpc = new Vpc(
      this.childName("vpc"),
      { cidrBlock: edge, enableDnsSupport: true, enableDnsHostnames: true, tags: this.#tags(args, "vpc") },
      { parent: this },
    );
    // It has no rules, so what is started without a security group of its own reaches nothing.
    new DefaultSecurityGroup(
      this.childName("default"),
      { vpcId: vpc.id, ingress: [], egress: [], tags: this.#tags(args, "default") },
      { parent: this },
    );
    return vpc.id;
  }

  /** Makes what the public subnets share. */
  #edge(args: EksNetworkArgs): Edge {
    const internet = new InternetGateway(
      this.childName("internet"),
      { vpcId: this.vpcId, tags: this.#tags(args, "internet") },
      { parent: this },
    );
    const table = new RouteTable(
      this.childName("public-table"),
      { vpcId: this.vpcId, tags: this.#tags(args, "public") },
      { parent: this },
    );
    const route = new Route(
      this.childName("public-route"),
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: internet.id },
      { parent: this },
    );
    return { internet, table, route };
  }

  /** Makes a zone's public subnet and, in it, the NAT gateway of the zone. */
  #exit(args: EksNetworkArgs, zone: string, cidrBlock: string, edge: Edge): NatGateway {
    const role = `public-${zone}`;
    const subnet = new Subnet(
      this.childName(role),
      { vpcId: this.vpcId, availabilityZone: zone, cidrBlock, tags: this.#subnetTags(args, role, "elb") },
      { parent: this },
    );
    const routed = new RouteTableAssociation(
      this.childName(`${role}-routes`),
      { subnetId: subnet.id, routeTableId: edge.table.id },
      { parent: this },
    );
    const tags = this.#tags(args, `nat-${zone}`);
    const address = new Eip(
      this.childName(`nat-${zone}-address`),
      { domain: "vpc", tags },
      { parent: this, dependsOn: edge.internet },
    );
    // It works only when its subnet has a route to the internet.
    return new NatGateway(
      this.childName(`nat-${zone}`),
      { subnetId: subnet.id, allocationId: address.allocationId, tags },
      { parent: this, dependsOn: [routed, edge.route] },
    );
  }

  #privateSubnet(
    args: EksNetworkArgs,
    zone: string,
    cidrBlock: string,
    exit: NatGateway,
  ): { readonly subnet: Subnet; readonly table: RouteTable } {
    const role = `private-${zone}`;
    const added = new VpcIpv4CidrBlockAssociation(
      this.childName(`${role}-block`),
      { vpcId: this.vpcId, cidrBlock },
      { parent: this },
    );
    const subnet = new Subnet(
      this.childName(role),
      { vpcId: added.vpcId, availabilityZone: zone, cidrBlock, tags: this.#subnetTags(args, role, "internal-elb") },
      { parent: this },
    );
    const table = new RouteTable(
      this.childName(`${role}-table`),
      { vpcId: this.vpcId, tags: this.#tags(args, role) },
      { parent: this },
    );
    new Route(
      this.childName(`${role}-route`),
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: exit.id },
      { parent: this },
    );
    new RouteTableAssociation(
      this.childName(`${role}-routes`),
      { subnetId: subnet.id, routeTableId: table.id },
      { parent: this },
    );
    return { subnet, table };
  }

  #tags({ tags }: EksNetworkArgs, role: string): Record<string, string> {
    return { ...tags, Name: this.childName(role) };
  }

  /** Load balancers take the subnets with the tag of their kind: public ones `elb`, internal ones `internal-elb`. */
  #subnetTags(args: EksNetworkArgs, role: string, balancer: "elb" | "internal-elb"): Record<string, string> {
    return {
      ...this.#tags(args, role),
      [`kubernetes.io/cluster/${args.cluster}`]: "shared",
      [`kubernetes.io/role/${balancer}`]: "1",
    };
  }
}

interface Edge {
  readonly internet: InternetGateway;
  readonly table: RouteTable;
  readonly route: Route;
}

function eachZone(zones: readonly string[], bits: number): Record<string, number> {
  return Object.fromEntries(zones.map((zone) => [zone, bits]));
}
