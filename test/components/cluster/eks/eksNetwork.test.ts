import fc from "fast-check";
import { Address4 } from "ip-address";
import { describe, expect, it } from "vitest";
import { eksBlocks } from "../../../../components/cluster/eks/eksNetwork.ts";
import { inputsOf } from "../harness.ts";
import { called, needs, run } from "./needs.ts";
import { sampleArgs } from "./sample.ts";

const { zones } = sampleArgs;

describe("the blocks", () => {
  it("give a quarter to the nodes and pods of each zone, and split the last between edge and services", () => {
    expect(eksBlocks("10.40.0.0/16", zones)).toEqual({
      edge: "10.40.192.0/19",
      services: "10.40.224.0/19",
      zones: {
        "us-east-1a": { private: "10.40.0.0/18", public: "10.40.192.0/21" },
        "us-east-1b": { private: "10.40.64.0/18", public: "10.40.200.0/21" },
        "us-east-1c": { private: "10.40.128.0/18", public: "10.40.208.0/21" },
      },
    });
  });

  it("do not depend on the order of the zones, so that rewriting it moves no subnet", () => {
    expect(eksBlocks("10.40.0.0/16", [...zones].reverse())).toEqual(eksBlocks("10.40.0.0/16", zones));
  });

  it("never overlap, lie in the cluster's own block, and are of a size that AWS takes", () => {
    const cidrs = fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 16, max: 20 }))
      .map(([bits, prefix]) => new Address4(`10.${bits >> 8}.${bits & 0xff}.0/${prefix}`))
      .map((address) => `${address.startAddress().correctForm()}/${address.subnetMask}`);
    fc.assert(
      fc.property(cidrs, (cidr) => {
        const { edge, services, zones: perZone } = eksBlocks(cidr, zones);
        const vpc = [edge, ...Object.values(perZone).map(({ private: nodes }) => nodes)];
        const top = [...vpc, services].map((block) => new Address4(block));
        for (const block of top) {
          expect(block.isInSubnet(new Address4(cidr))).toBe(true);
          expect(top.filter((other) => other.isInSubnet(block) || block.isInSubnet(other))).toEqual([block]);
        }
        for (const { public: balancers } of Object.values(perZone)) {
          expect(new Address4(balancers).isInSubnet(new Address4(edge))).toBe(true);
        }
        // Five blocks to a VPC, of /16 to /28 (VPC quotas); services of /12 to /24 (CreateCluster).
        expect(vpc.length).toBeLessThanOrEqual(5);
        expect(new Address4(services).subnetMask).toBeLessThanOrEqual(24);
        expect(new Address4(perZone["us-east-1a"]?.public ?? "").subnetMask).toBeLessThanOrEqual(27);
      }),
    );
  });
});

describe("the network", () => {
  it("sends each private subnet out through its own zone", async () => {
    const network = await run();
    for (const zone of zones) {
      const { natGatewayId } = inputsOf(network, "aws:ec2/route:Route", `private-${zone}-route`);
      expect(natGatewayId).toBe(`aws-use1-network-nat-${zone}-id`);
      const { subnetId } = inputsOf(network, "aws:ec2/natGateway:NatGateway", `nat-${zone}`);
      expect(subnetId).toBe(`aws-use1-network-public-${zone}-id`);
      const { availabilityZone } = inputsOf(network, "aws:ec2/subnet:Subnet", `public-${zone}`);
      expect(availabilityZone).toBe(zone);
    }
  });

  it("reaches S3 from every private subnet without a NAT gateway", async () => {
    expect(inputsOf(await run(), "aws:ec2/vpcEndpoint:VpcEndpoint")).toMatchObject({
      vpcEndpointType: "Gateway",
      serviceName: "com.amazonaws.us-east-1.s3",
      routeTableIds: zones.map((zone) => `aws-use1-network-private-${zone}-table-id`),
    });
  });

  it("leaves the default security group without a rule", async () => {
    expect(inputsOf(await run(), "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")).toMatchObject({
      ingress: [],
      egress: [],
    });
  });

  it("says which subnets load balancers may take, and gives no instance a public address", async () => {
    const network = await run();
    const subnet = (role: string) => inputsOf(network, "aws:ec2/subnet:Subnet", role);
    expect(subnet("public-us-east-1a").tags).toMatchObject({ "kubernetes.io/role/elb": "1" });
    expect(subnet("private-us-east-1a").tags).toMatchObject({ "kubernetes.io/role/internal-elb": "1" });
    for (const { type, props } of network.resources) {
      if (type === "aws:ec2/subnet:Subnet") expect(props).not.toHaveProperty("mapPublicIpOnLaunch");
    }
  });

  it("adds a zone's block to the VPC before the subnet that lies in it", async () => {
    expect(needs(await run(), "network-private-us-east-1a")).toContain("network-private-us-east-1a-block");
  });

  it("opens the way to the internet before a NAT gateway needs it", async () => {
    expect([...needs(await run(), "network-nat-us-east-1a")]).toEqual(
      expect.arrayContaining([
        "network-internet",
        "network-public-route",
        "network-public-us-east-1a-routes",
        "network-nat-us-east-1a-address",
      ]),
    );
  });

  it("resolves the private endpoint's name", async () => {
    expect(called(await run(), "network-vpc").props).toMatchObject({
      enableDnsSupport: true,
      enableDnsHostnames: true,
    });
  });
});

describe("the way to other networks", () => {
  const transit = { transitGateway: "tgw-0123456789abcdef0", cidrs: ["10.8.0.0/16", "10.9.0.0/16"] };
  const vpc = { vpc: "vpc-0123456789abcdef0", cidrs: ["10.8.0.0/16"] };
  const routes = (network: Awaited<ReturnType<typeof run>>) =>
    network.resources
      .filter(({ type, name }) => type === "aws:ec2/route:Route" && name.includes("-to-"))
      .map(({ props }) => props);

  it("leads through a transit gateway that the VPC is attached to first, from every private subnet", async () => {
    const network = await run({ peerings: { office: transit } });
    expect(inputsOf(network, "aws:ec2transitgateway/vpcAttachment:VpcAttachment")).toMatchObject({
      transitGatewayId: transit.transitGateway,
      vpcId: "aws-use1-network-vpc-id",
      subnetIds: zones.map((zone) => `aws-use1-network-private-${zone}-id`),
    });
    expect(routes(network)).toEqual(
      zones.flatMap((zone) =>
        transit.cidrs.map((destinationCidrBlock) => ({
          routeTableId: `aws-use1-network-private-${zone}-table-id`,
          destinationCidrBlock,
          transitGatewayId: transit.transitGateway,
        })),
      ),
    );
    expect(needs(network, "network-to-office-us-east-1a-10.8.0.0/16")).toContain("network-to-office");
  });

  it.each([
    [vpc, { autoAccept: true }],
    [
      { ...vpc, account: "210987654321", region: "eu-west-1" },
      { autoAccept: false, peerOwnerId: "210987654321", peerRegion: "eu-west-1" },
    ],
  ])("leads to a VPC, which is connected at once where it is the account's own: %j", async (peering, asked) => {
    const network = await run({ peerings: { hub: peering } });
    expect(inputsOf(network, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection")).toMatchObject({
      vpcId: "aws-use1-network-vpc-id",
      peerVpcId: vpc.vpc,
      ...asked,
    });
    expect(routes(network).map(({ vpcPeeringConnectionId }) => vpcPeeringConnectionId)).toEqual(
      zones.map(() => "aws-use1-network-to-hub-id"),
    );
  });

  it("changes nothing of what is there already", async () => {
    const before = (await run()).resources.map(({ urn }) => urn);
    const after = (await run({ peerings: { office: transit } })).resources;
    expect(after.map(({ urn }) => urn).filter((urn) => !urn.includes("-to-office"))).toEqual(before);
  });
});
