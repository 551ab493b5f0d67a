import { describe, expect, it } from "vitest";
import { awsRuleBook } from "../../../../components/cluster/eks/awsRuleBook.ts";
import { validateEksCluster } from "../../../../components/cluster/eks/eksProblems.ts";
import { sampleArgs } from "./sample.ts";

const problems = (changes: Partial<typeof sampleArgs>) => validateEksCluster({ ...sampleArgs, ...changes });

it("has nothing to say about the sample", () => {
  expect(problems({})).toEqual([]);
});

it("says what every cloud would, too", () => {
  expect(problems({ cidr: "8.8.0.0/16", admins: [] }).map(({ path }) => path)).toEqual(["cidr", "admins"]);
});

describe("the zones that EKS refuses", () => {
  const command = (region: string) => awsRuleBook["zones-without-eks"].command({ ...sampleArgs, region });

  it("have other letters in each account, so a command finds them", () => {
    expect(command("us-east-1")).toContain("Values=use1-az3");
    expect(command("ca-central-1")).toContain("Values=cac1-az3");
  });

  it("are no step in another region", () => {
    expect(command("eu-central-1")).toBeUndefined();
  });
});

it("has a command that looks for the admins of the account, by the last part of their path", () => {
  const admins = ["role/ops/platform", "user/ada", "arn:aws:iam::210987654321:role/elsewhere"];
  expect(awsRuleBook["admins-exist"].command({ ...sampleArgs, admins })).toBe(
    "aws iam get-role --role-name platform --query Role.Arn && aws iam get-user --user-name ada --query User.Arn",
  );
});

describe("the machine of the system nodes", () => {
  it.each(["m7i.large", "c6a.4xlarge", "r6id.metal", "m7i.metal-24xl"])("may be %s", (systemMachine) => {
    expect(problems({ systemMachine })).toEqual([]);
  });

  it.each([
    ["m6i.huge", "is not a machine as EC2 writes them"],
    ["m7g.xlarge", "has an ARM processor, and the nodes' image is for x86"],
    ["a1.xlarge", "has an ARM processor, and the nodes' image is for x86"],
    ["mac2.metal", "is a Mac, and the nodes run Linux"],
    ["t3.nano", "is too small: DNS, mesh, metrics and controllers need nodes of 8 GiB or more"],
    ["m7i.medium", "is too small: DNS, mesh, metrics and controllers need nodes of 8 GiB or more"],
  ])("may not be %s", (systemMachine, why) => {
    expect(problems({ systemMachine })).toEqual([
      { path: "systemMachine", reason: `"${systemMachine}" ${why}.`, fix: 'Write, for example, "m6i.xlarge".' },
    ]);
  });
});

it("has a command that lists the zones of each machine, once", () => {
  const pool = { machine: "g6.2xlarge", min: 0, max: 1 } as const;
  const command = awsRuleBook["zones-of-machines"].command({ ...sampleArgs, gpuPools: { a: pool, b: pool } });
  expect(command).toContain("--region us-east-1 ");
  expect(command).toContain("Values=m6i.xlarge,g6.2xlarge ");
});

describe("the rules of a security group", () => {
  const command = awsRuleBook["rules-of-a-security-group"].command;
  const blocks = (count: number) => Array.from({ length: count }, (_, index) => `198.51.${index}.0/24`);

  it("are enough for 30 source ranges, at two ports each", () => {
    expect(command({ ...sampleArgs, ingress: { kind: "public", sourceRanges: blocks(30) } })).toBeUndefined();
    expect(command({ ...sampleArgs, ingress: { kind: "public", sourceRanges: blocks(31) } })).toMatch(
      / --region us-east-1 .*L-0EA8095F --desired-value 62$/,
    );
  });

  it("are enough for 55 networks that reach a private endpoint", () => {
    expect(command({ ...sampleArgs, endpoint: { kind: "private", cidrs: blocks(55) } })).toBeUndefined();
    expect(command({ ...sampleArgs, endpoint: { kind: "private", cidrs: blocks(56) } })).toMatch(/-value 61$/);
  });
});

describe("peerings", () => {
  const gateway = { transitGateway: "tgw-0123456789abcdef0", cidrs: ["10.8.0.0/16"] };

  it.each([
    ["the cluster's own addresses", { office: { ...gateway, cidrs: ["10.0.0.0/8"] } }, 'peerings["office"].cidrs[0]'],
    ["the whole internet", { office: { ...gateway, cidrs: ["0.0.0.0/0"] } }, 'peerings["office"].cidrs[0]'],
    ["nothing", { office: { ...gateway, cidrs: [] } }, 'peerings["office"].cidrs'],
    [
      "one block over two networks",
      { a: gateway, b: { ...gateway, transitGateway: "tgw-1123456789abcdef0" } },
      'peerings["b"].cidrs[0]',
    ],
    ["one network twice", { a: gateway, b: { ...gateway, cidrs: ["10.9.0.0/16"] } }, 'peerings["b"]'],
    ["a name of a gateway", { office: { ...gateway, transitGateway: "hub" } }, 'peerings["office"].transitGateway'],
    ["a VPC that is none", { office: { vpc: "vpc", cidrs: ["10.8.0.0/16"] } }, 'peerings["office"].vpc'],
    ["a name with spaces", { "an office": gateway }, 'peerings["an office"]'],
  ])("may not lead to %s", (_, peerings, path) => {
    expect([...new Set(problems({ peerings }).map((problem) => problem.path))]).toEqual([path]);
  });

  it("may lead to several blocks and networks", () => {
    const hub = { vpc: "vpc-0123456789abcdef0", account: "210987654321", cidrs: ["192.168.0.0/16", "10.9.0.0/16"] };
    expect(problems({ peerings: { office: gateway, hub } })).toEqual([]);
  });
});

describe("admins", () => {
  it.each(["role/platform", "role/ops/platform", "user/break-glass", "arn:aws:iam::123456789012:role/a/b/c"])(
    "may be %s",
    (admin) => {
      expect(problems({ admins: [admin] })).toEqual([]);
    },
  );

  it.each([
    "platform",
    "group/platform",
    "role/",
    "arn:aws:iam::123456789012:root",
    "arn:aws:sts::123456789012:assumed-role/platform/me",
    "role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
  ])("may not be %s", (admin) => {
    expect(problems({ admins: ["role/platform", admin] })).toEqual([
      {
        path: "admins[1]",
        reason: `"${admin}" is not a role or a user of IAM; EKS takes no groups, accounts, sessions and roles of AWS services.`,
        fix: 'Write "role/<name>", "user/<name>" or the whole ARN.',
      },
    ]);
  });
});

it.each(["us-gov-west-1", "cn-north-1"])("refuses %s, whose partition is another", (region) => {
  const zones = ["a", "b", "c"].map((zone) => `${region}${zone}`) as unknown as typeof sampleArgs.zones;
  expect(problems({ region, zones, gpuPools: {} })).toEqual([
    {
      path: "region",
      reason: `"${region}" is in a partition of AWS that is not supported: its ARNs and endpoints differ.`,
      fix: 'Choose a commercial region, for example "us-east-1".',
    },
  ]);
});

it("looks at the endpoint", () => {
  expect(problems({ endpoint: { kind: "public", cidrs: [] } }).map(({ path }) => path)).toEqual(["endpoint.cidrs"]);
});

describe("the system machine", () => {
  it.each(["m6i.2xlarge", "m7a.xlarge", "c6in.xlarge", "i4i.metal"])("may be %s", (systemMachine) => {
    expect(problems({ systemMachine })).toEqual([]);
  });

  it.each(["m7g.xlarge", "c7gn.2xlarge", "x2gd.large", "r8g.metal-24xl"])("may not be %s", (systemMachine) => {
    expect(problems({ systemMachine })).toEqual([
      {
        path: "systemMachine",
        reason: `"${systemMachine}" has an ARM processor, and the nodes' image is for x86.`,
        fix: 'Write, for example, "m6i.xlarge".',
      },
    ]);
  });

  it("must be one at all", () => {
    expect(problems({ systemMachine: "large" })).toEqual([
      {
        path: "systemMachine",
        reason: '"large" is not a machine as EC2 writes them.',
        fix: 'Write, for example, "m6i.xlarge".',
      },
    ]);
  });
});

it("does not guess at network cards", () => {
  const pool = { machine: "p6-b300.48xlarge", min: 0, max: 1, zones: ["us-east-1a"], placement: "compact" } as const;
  expect(problems({ gpuPools: { b300: pool } })).toEqual([
    {
      path: 'gpuPools["b300"].placement',
      reason:
        '"compact" connects nodes by their Elastic Fabric Adapters, and which network cards of "p6-b300.48xlarge" have one is not confirmed.',
      fix: 'Write "spread", or choose "p6-b200.48xlarge".',
    },
  ]);
  expect(problems({ gpuPools: { b300: { ...pool, placement: "spread" } } })).toEqual([]);
});
