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

export interface EksNetworkArgs {
  /** The EKS cluster's name: load balancers look for subnets by it. */
  readonly cluster: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly cidr: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Blocks of a cluster's network. */
export interface EksBlocks {
  /** Of Kubernetes Services; never in the VPC, since EKS refuses a `serviceIpv4Cidr` that is. */
  readonly services: string;
  /** The VPC's own block, which holds the public subnets. */
  readonly edge: string;
  /** The private block of a zone holds nodes and pods, each pod with an address of its own, and is added to the VPC. */
  readonly zones: Readonly<Record<string, { readonly private: string; readonly public: string }>>;
}

/**
 * A quarter for the nodes and pods of each zone; half of the last for the edge, half for services. The order of zones
 * does not matter.
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
 * A VPC with a private and a public subnet in every zone. Each zone has a NAT gateway of its own: with one for all, the
 * loss of its zone cuts off the other two, and every image pulled from elsewhere is paid for twice, as NAT and as
 * cross-zone traffic. S3, where the layers of ECR images and the models are, is reached through a gateway endpoint
 * instead, which costs nothing.
 */
export class EksNetwork extends Component {
  readonly vpcId: pulumi.Output<string>;
  /** Of Kubernetes Services. */
  readonly services: string;
  /** Where nodes run, by zone. */
  readonly privateSubnets: Readonly<Record<string, Subnet>>;

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
    this.registerOutputs({ vpcId: this.vpcId });
  }

  #vpc(args: EksNetworkArgs, { edge }: EksBlocks): pulumi.Output<string> {
    // The private endpoint of the API server is a name that only the VPC's own DNS resolves.
    const vpc = new Vpc(
      this.childName("vpc"),
      { cidrBlock: edge, enableDnsSupport: true, enableDnsHostnames: true, tags: this.#tags(args, "vpc") },
      { parent: this },
    );
    // Without rules: what is started without a security group of its own reaches nothing.
    new DefaultSecurityGroup(
      this.childName("default"),
      { vpcId: vpc.id, ingress: [], egress: [], tags: this.#tags(args, "default") },
      { parent: this },
    );
    return vpc.id;
  }

  /** What the public subnets share. */
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

  /** A zone's public subnet and, in it, the way out of the zone. */
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
    // Usable only once its own way to the internet is there.
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
