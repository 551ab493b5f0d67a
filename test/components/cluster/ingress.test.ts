import { describe, expect, it } from "vitest";
import { ingressProblems } from "../../../components/cluster/ingress.ts";

const said = (...sourceRanges: string[]) =>
  ingressProblems({ ingress: { kind: "public", sourceRanges } }).map(
    ({ path, reason, fix }) => `${path}: ${reason} ${fix}`,
  );

describe("the addresses that a public ingress lets in", () => {
  it("are blocks, up to everyone", () => {
    expect(said("203.0.113.0/24", "198.51.100.7/32")).toEqual([]);
    expect(said("0.0.0.0/0")).toEqual([]);
  });

  it("are a block where it is one address", () => {
    expect(said("203.0.113.7")).toEqual([
      'ingress.sourceRanges[0]: "203.0.113.7" is not a block of IPv4 addresses. Write, for example, "203.0.113.7/32".',
    ]);
  });

  it("begin where a block of their size can, since EC2 shortens others and the controller adds them again and again (aws-load-balancer-controller #4263)", () => {
    expect(said("203.0.113.7/24")).toEqual([
      'ingress.sourceRanges[0]: "203.0.113.7/24" does not begin where a block of its size can. Write "203.0.113.0/24", or "203.0.113.7/32" for the one address.',
    ]);
  });

  it("are named once", () => {
    expect(said("203.0.113.0/24", "203.0.113.0/24")).toEqual([
      'ingress.sourceRanges[1]: "203.0.113.0/24" is there twice. Name it once.',
    ]);
  });

  it("are those that a load balancer on the internet sees", () => {
    for (const range of ["10.0.0.0/8", "172.16.4.0/24", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.1/32"]) {
      expect(said(range)).toEqual([
        `ingress.sourceRanges[0]: "${range}" is not routed on the internet, so no client comes from there. Write the addresses that clients have on the internet, or { kind: "internal" } for connected networks.`,
      ]);
    }
  });

  it.each(["203.0.113.0/08", "203.0.113.0/33", "203.000.113.0/24", " 203.0.113.0/24", "::/0", ""])(
    "are not %j",
    (range) => {
      expect(said(range)).toEqual([
        `ingress.sourceRanges[0]: "${range}" is not a block of IPv4 addresses. Write, for example, "203.0.113.0/24".`,
      ]);
    },
  );
});
