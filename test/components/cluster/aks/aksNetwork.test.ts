import { assert, integer, property } from "fast-check";
import { Address4 } from "ip-address";
import { expect, it } from "vitest";
import { aksBlocks, podCidr } from "../../../../components/cluster/aks/aksNetwork.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const cidrs = integer({ min: 16, max: 20 }).chain((prefix) =>
  integer({ min: 0, max: 2 ** (prefix - 8) - 1 }).map((index) => {
    const start = (10n << 24n) + BigInt(index) * 2n ** BigInt(32 - prefix);
    return `${Address4.fromBigInt(start).correctForm()}/${prefix}`;
  }),
);

it("cuts every block into parts that lie inside of it and apart", () => {
  assert(
    property(cidrs, (cidr) => {
      const { nodes, apiServer, services, dns } = aksBlocks(cidr);
      const blocks = [nodes, apiServer, services].map((block) => new Address4(block));
      for (const block of blocks) {
        expect(block.isInSubnet(new Address4(cidr))).toBe(true);
        expect(block.isInSubnet(new Address4(podCidr))).toBe(false);
        for (const other of blocks) if (other !== block) expect(other.isInSubnet(block)).toBe(false);
      }
      expect(new Address4(dns).isInSubnet(new Address4(services))).toBe(true);
    }),
  );
});

it.each(["10.32.0.0/16", "10.32.16.0/20"])("has room for 2,000 nodes and a delegated subnet of 16 in %s", (cidr) => {
  const { nodes, apiServer } = aksBlocks(cidr);
  expect(2 ** (32 - new Address4(nodes).subnetMask)).toBeGreaterThanOrEqual(2048);
  expect(apiServer).toMatch(/\/28$/);
});

it("keeps services out of the virtual network, as AKS wants", async () => {
  const result = await recorded(() => {
    build();
    return {};
  }, answers);
  const { nodes, apiServer } = aksBlocks("10.32.0.0/16");
  expect(inputsOf(result, "azure-native:network:VirtualNetwork").addressSpace).toEqual({
    addressPrefixes: [nodes, apiServer],
  });
  expect(inputsOf(result, "azure-native:network:Subnet", "api-server").delegations).toEqual([
    { name: "aks", serviceName: "Microsoft.ContainerService/managedClusters" },
  ]);
  expect(inputsOf(result, "azure-native:network:Subnet", "nodes")).toMatchObject({
    defaultOutboundAccess: false,
    serviceEndpoints: [{ service: "Microsoft.Storage" }],
  });
});

it("connects the networks that are named, one after another, for the private API server to be reached", async () => {
  const hub = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";
  const { resources } = await recorded(() => {
    build({ ...sampleArgs, peerings: { hub, runners: `${hub}-runners` } });
    return {};
  }, answers);
  const peerings = resources.filter(({ type }) => type === "azure-native:network:VirtualNetworkPeering");
  expect(peerings.map(({ name, props }) => [name, props.remoteVirtualNetwork])).toEqual([
    ["prod-azure-weu-network-to-hub", { id: hub }],
    ["prod-azure-weu-network-to-runners", { id: `${hub}-runners` }],
  ]);
  const [first, second] = peerings;
  expect(second?.dependencies).toContain(first?.urn);
});

it("publishes its network, which the other half of a peering names", async () => {
  const { outputs } = await recorded(() => ({ network: build().network }), answers);
  expect(outputs).toEqual({
    network: { id: "prod-azure-weu-network-id", subnets: { nodes: "prod-azure-weu-network-nodes-id" } },
  });
});
