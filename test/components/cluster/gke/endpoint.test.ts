import { describe, expect, it } from "vitest";
import { endpointProblems, endpointSettings } from "../../../../components/cluster/gke/endpoint.ts";

const cidr = "10.64.0.0/17";

describe("the endpoint of the Kubernetes API", () => {
  it("is an address of the network alone when private, open in every region to the cluster and the networks that are named", () => {
    expect(endpointSettings({ kind: "private", cidrs: ["10.200.0.0/16"] }, cidr)).toEqual({
      privateClusterConfig: {
        enablePrivateNodes: true,
        enablePrivateEndpoint: true,
        masterGlobalAccessConfig: { enabled: true },
      },
      controlPlaneEndpointsConfig: {
        ipEndpointsConfig: { enabled: true },
        dnsEndpointConfig: {
          allowExternalTraffic: false,
          enableK8sTokensViaDns: false,
          enableK8sCertsViaDns: false,
        },
      },
      masterAuthorizedNetworksConfig: {
        cidrBlocks: [
          { cidrBlock: cidr, displayName: cidr },
          { cidrBlock: "10.200.0.0/16", displayName: "10.200.0.0/16" },
        ],
        gcpPublicCidrsAccessEnabled: false,
        privateEndpointEnforcementEnabled: true,
      },
    });
  });

  it("has no address at all when it is a name, and what GKE dictates then is what we say", () => {
    expect(endpointSettings({ kind: "dns" }, cidr)).toEqual({
      privateClusterConfig: { enablePrivateNodes: true, enablePrivateEndpoint: true },
      controlPlaneEndpointsConfig: {
        ipEndpointsConfig: { enabled: false },
        dnsEndpointConfig: {
          allowExternalTraffic: true,
          enableK8sTokensViaDns: false,
          enableK8sCertsViaDns: false,
        },
      },
    });
  });

  it("admits the named networks only when public, and its nodes stay private", () => {
    const settings = endpointSettings({ kind: "public", cidrs: ["203.0.113.0/24"] }, cidr);
    expect(settings.privateClusterConfig).toEqual({ enablePrivateNodes: true, enablePrivateEndpoint: false });
    expect(settings.masterAuthorizedNetworksConfig?.gcpPublicCidrsAccessEnabled).toBe(false);
    expect(settings.masterAuthorizedNetworksConfig?.cidrBlocks).toEqual([
      { cidrBlock: cidr, displayName: cidr },
      { cidrBlock: "203.0.113.0/24", displayName: "203.0.113.0/24" },
    ]);
  });

  it("accepts what can be reached", () => {
    expect(endpointProblems({ kind: "private" })).toEqual([]);
    expect(endpointProblems({ kind: "dns" })).toEqual([]);
    expect(endpointProblems({ kind: "public", cidrs: ["203.0.113.7/32", "198.51.100.0/24"] })).toEqual([]);
  });

  it("refuses a public address that nobody may use", () => {
    expect(endpointProblems({ kind: "public", cidrs: [] })).toEqual([
      {
        path: "cidrs",
        reason: "there is none, so nobody could reach the public address.",
        fix: 'Write the networks your pipelines run in, or { kind: "dns" }.',
      },
    ]);
  });

  it("refuses what is no block of addresses", () => {
    const reasons = endpointProblems({
      kind: "public",
      cidrs: ["203.0.113.7", "example.com/24", "203.0.113.0/33", "203.0.112.0/020"],
    });
    expect(reasons.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      'cidrs[0] "203.0.113.7" is not a block of IPv4 addresses.',
      'cidrs[1] "example.com/24" is not a block of IPv4 addresses.',
      'cidrs[2] "203.0.113.0/33" is not a block of IPv4 addresses.',
      'cidrs[3] "203.0.112.0/020" is not a block of IPv4 addresses.',
    ]);
    expect(reasons[0]?.fix).toBe('Write, for example, "203.0.113.0/24".');
  });

  it("refuses the internet, whole or in halves", () => {
    expect(endpointProblems({ kind: "public", cidrs: ["0.0.0.0/0", "128.0.0.0/1"] })).toEqual([
      {
        path: "cidrs[0]",
        reason: '"0.0.0.0/0" is a /0: that is no network of yours but much of the internet.',
        fix: 'Write the networks that need it, or { kind: "dns" }.',
      },
      {
        path: "cidrs[1]",
        reason: '"128.0.0.0/1" is a /1: that is no network of yours but much of the internet.',
        fix: 'Write the networks that need it, or { kind: "dns" }.',
      },
    ]);
  });
});
