import { expect, it } from "vitest";
import { type Endpoint, endpointProblems } from "../../../../components/cluster/eks/endpoint.ts";

const sound: readonly Endpoint[] = [
  { kind: "private" },
  { kind: "private", cidrs: ["10.8.0.0/16"] },
  { kind: "public", cidrs: ["198.51.100.7/32", "203.0.113.0/24"] },
];

it.each(sound)("has nothing to say about %j", (endpoint) => {
  expect(endpointProblems(endpoint)).toEqual([]);
});

it("refuses a public endpoint that names nobody", () => {
  expect(endpointProblems({ kind: "public", cidrs: [] })).toEqual([
    {
      path: "cidrs",
      reason: "there is none, which EKS takes for the whole internet.",
      fix: 'Name the addresses that may reach the API server, or write { kind: "private" }.',
    },
  ]);
});

it.each([
  ["0.0.0.0/0", '"0.0.0.0/0" is the whole internet.', "Name the addresses that need it."],
  ["198.51.100.7", '"198.51.100.7" is not a block of IPv4 addresses.', 'Write, for example, "198.51.100.0/24".'],
  ["198.51.100.7/24", '"198.51.100.7/24" is not a block of IPv4 addresses.', 'Write, for example, "198.51.100.0/24".'],
  ["203.0.112.0/020", '"203.0.112.0/020" is not a block of IPv4 addresses.', 'Write, for example, "198.51.100.0/24".'],
  ["::/0", '"::/0" is not a block of IPv4 addresses.', 'Write, for example, "198.51.100.0/24".'],
  ["office", '"office" is not a block of IPv4 addresses.', 'Write, for example, "198.51.100.0/24".'],
])("refuses %s, private or public", (cidr, reason, fix) => {
  const problem = [{ path: "cidrs[1]", reason, fix }];
  expect(endpointProblems({ kind: "public", cidrs: ["203.0.113.0/24", cidr] })).toEqual(problem);
  expect(endpointProblems({ kind: "private", cidrs: ["203.0.113.0/24", cidr] })).toEqual(problem);
});

it("refuses a block that is there twice, since each is a rule of its own", () => {
  expect(endpointProblems({ kind: "private", cidrs: ["10.8.0.0/16", "10.8.0.0/16"] })).toEqual([
    { path: "cidrs[1]", reason: '"10.8.0.0/16" is there twice.', fix: "Name it once." },
  ]);
});
