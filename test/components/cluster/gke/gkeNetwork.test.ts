import fc from "fast-check";
import { Address4 } from "ip-address";
import { expect, it } from "vitest";
import { gkeBlocks } from "../../../../components/cluster/gke/gkeNetwork.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build } from "./sample.ts";

const clusterBlock = fc
  .tuple(fc.integer({ min: 16, max: 20 }), fc.nat({ max: 0xffff }))
  .map(
    ([prefix, low]) =>
      `${new Address4(`10.${low >> 8}.${low & 0xff}.0/${prefix}`).startAddress().correctForm()}/${prefix}`,
  );

it("cuts a cluster's block into parts that lie in it and apart", () => {
  fc.assert(
    fc.property(clusterBlock, (cidr) => {
      const parts = Object.values(gkeBlocks(cidr)).map((block) => new Address4(block));
      for (const part of parts) expect(part.isInSubnet(new Address4(cidr))).toBe(true);
      for (const [index, part] of parts.entries()) {
        for (const other of parts.slice(index + 1)) {
          expect(part.isInSubnet(other) || other.isInSubnet(part)).toBe(false);
        }
      }
    }),
  );
});

it("keeps nodes without public addresses, and logs what flows", async () => {
  const run = await recorded(() => void build(), answers);
  expect(inputsOf(run, "gcp:compute/network:Network")).toMatchObject({ autoCreateSubnetworks: false });
  expect(inputsOf(run, "gcp:compute/subnetwork:Subnetwork")).toMatchObject({
    privateIpGoogleAccess: true,
    secondaryIpRanges: [
      { rangeName: "pods", ipCidrRange: "10.64.0.0/18" },
      { rangeName: "services", ipCidrRange: "10.64.96.0/20" },
    ],
    logConfig: { flowSampling: 0.5 },
  });
  const nat = inputsOf(run, "gcp:compute/routerNat:RouterNat");
  expect(nat).toMatchObject({ enableDynamicPortAllocation: true, enableEndpointIndependentMapping: false });
});

it("publishes the network and its subnet, to connect a VPN with", async () => {
  const { outputs } = await recorded(() => ({ network: build().network }), answers);
  expect(outputs.network).toEqual({
    id: "gcp-euw4-network-vpc-id",
    subnets: { "gcp-euw4": "gcp-euw4-network-subnet-id" },
  });
});
