import { repeats } from "../../core/repeats.ts";
import type { WithIngress } from "../ingress.ts";
import { isCidr, overlaps } from "../network.ts";
import type { RuleBook } from "../ruleBook.ts";
import type { EksDeclaration } from "./eksArgs.ts";
import { defaultSystemMachine } from "./systemNodes.ts";

const mostLabelKey = 63;
const mostEndpointBlocks = 40;
/** Inbound rules of a security group, until AWS raises the quota. */
const mostRules = 60;
/** Inbound rules of the cluster's security group besides ours: its own members, and room for load balancers. */
const rulesOfEks = 5;

/** Regions in which EKS refuses a zone although three others are left, with that zone's id. */
const refusedZones: Readonly<Record<string, string>> = { "us-east-1": "use1-az3", "ca-central-1": "cac1-az3" };

/** What AWS refuses, keeps, or needs beforehand. */
export const awsRuleBook = {
  "vpc-blocks-of-10.0": {
    kind: "refuses",
    says: "A VPC whose first block lies in 10.0.0.0/15 takes no further block of 10.0.0.0/16. The private blocks of a cluster are such blocks.",
    source: "Amazon VPC user guide, VPC CIDR blocks, IPv4 CIDR block association restrictions",
    problems: ({ cidr }) =>
      isCidr(cidr) && overlaps(cidr, "10.0.0.0/16")
        ? [
            {
              path: "cidr",
              reason: `"${cidr}" is in 10.0.0.0/16, and AWS adds no block of it to a VPC that begins there.`,
              fix: 'Write a block from 10.1.0.0 on, for example "10.16.0.0/16".',
            },
          ]
        : [],
  },
  "admins-exist": {
    kind: "needs",
    says: "The roles and users of `admins` exist, each by its whole path: a role of IAM Identity Center is `role/aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_…`. EKS refuses an access entry of anybody else, and a role that was deleted and made again is somebody else.",
    source: 'EKS API reference, "CreateAccessEntry": `The specified principalArn is invalid: invalid principal`',
    command: ({ admins }) => {
      const looks = admins.flatMap((admin) => {
        const [, kind, name] = /^(role|user)\/(?:.*\/)?([^/]+)$/.exec(admin) ?? [];
        return kind === undefined
          ? []
          : [`aws iam get-${kind} --${kind}-name ${name} --query ${kind === "role" ? "Role" : "User"}.Arn`];
      });
      return looks.length === 0 ? undefined : looks.join(" && ");
    },
  },
  "zones-without-eks": {
    kind: "refuses",
    says: "EKS takes no subnet in the zones with the ids use1-az3, usw1-az2 and cac1-az3. Each account has its own mapping of ids to letters. us-west-1 has two zones left, so no cluster of three.",
    source: 'EKS user guide, "VPC and subnet requirements", subnet requirements for clusters',
    problems: ({ region }) =>
      region === "us-west-1"
        ? [
            {
              path: "region",
              reason: '"us-west-1" has two zones in which EKS runs, and a cluster has three.',
              fix: 'Choose another region, for example "us-west-2".',
            },
          ]
        : [],
    command: ({ region }) =>
      refusedZones[region] === undefined
        ? undefined
        : `aws ec2 describe-availability-zones --region ${region} --filters Name=zone-id,Values=${refusedZones[region]} --query 'AvailabilityZones[].ZoneName' # declare none that this prints`,
  },
  "zones-of-machines": {
    kind: "needs",
    says: "EC2 sells each pool's machine in each zone of the pool. A node group with another zone fails; give the pool `zones`. The command prints the zones of each machine.",
    source: 'EC2 API reference, "DescribeInstanceTypeOfferings"',
    command: ({ region, systemMachine = defaultSystemMachine, gpuPools = {} }) => {
      const machines = new Set([systemMachine, ...Object.values(gpuPools).map(({ machine }) => machine)]);
      return `aws ec2 describe-instance-type-offerings --region ${region} --location-type availability-zone --filters Name=instance-type,Values=${[...machines].join(",")} --query 'InstanceTypeOfferings[].[InstanceType,Location]' --output text`;
    },
  },
  "labels-of-node-groups": {
    kind: "refuses",
    says: "A label of a node group whose key has more than 63 characters, its domain included, or whose value is empty.",
    source: 'EKS API reference, "UpdateLabelsPayload"',
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([pool, { labels = {} }]) =>
        Object.entries(labels).flatMap(([key, value]) => {
          const path = `gpuPools["${pool}"].labels["${key}"]`;
          if (key.length > mostLabelKey) {
            return [
              {
                path,
                reason: `the key has ${key.length} characters with its domain, and EKS takes ${mostLabelKey}.`,
                fix: "Write a shorter one.",
              },
            ];
          }
          return value === ""
            ? [{ path, reason: "its value is empty, and EKS takes none that is.", fix: 'Write, for example, "true".' }]
            : [];
        }),
      ),
  },
  "public-endpoint-blocks": {
    kind: "refuses",
    says: "A public endpoint with more than 40 blocks of addresses. AWS does not raise this quota.",
    source: 'AWS General Reference, "Amazon EKS endpoints and quotas", L-93A74D60',
    problems: ({ endpoint }) =>
      endpoint?.kind === "public" && endpoint.cidrs.length > mostEndpointBlocks
        ? [
            {
              path: "endpoint.cidrs",
              reason: `there are ${endpoint.cidrs.length}, and EKS lets in ${mostEndpointBlocks} blocks at most.`,
              fix: 'Write larger blocks, or { kind: "private" } with peerings.',
            },
          ]
        : [],
  },
  "rules-of-a-security-group": {
    kind: "needs",
    says: "A security group takes 60 rules until AWS raises the quota. That of a public ingress has two for each of `sourceRanges`, and the cluster's own has one for each of `cidrs` of a private endpoint, beside those of EKS.",
    source: 'Amazon VPC user guide, "Amazon VPC quotas", security groups, L-0EA8095F',
    command: ({ region, endpoint, ingress }) => {
      const ofIngress = ingress?.kind === "public" ? 2 * ingress.sourceRanges.length : 0;
      const ofEndpoint = endpoint?.kind === "private" ? (endpoint.cidrs?.length ?? 0) + rulesOfEks : 0;
      const needed = Math.max(ofIngress, ofEndpoint);
      return needed <= mostRules
        ? undefined
        : `aws service-quotas request-service-quota-increase --region ${region} --service-code vpc --quota-code L-0EA8095F --desired-value ${needed}`;
    },
  },
  "one-connection-to-a-network": {
    kind: "refuses",
    says: "A second attachment of a VPC to one transit gateway (`DuplicateTransitGatewayAttachment`), and a second peering with one VPC.",
    source: 'Amazon VPC peering guide, "VPC peering limitations"; hashicorp/terraform-provider-aws #10852, #25868',
    problems: ({ peerings = {} }) =>
      repeats(Object.entries(peerings), ([, peering]) =>
        "transitGateway" in peering ? peering.transitGateway : peering.vpc,
      ).map(({ item: [key], first: [before] }) => ({
        path: `peerings["${key}"]`,
        reason: `it leads to the network of "${before}", which a VPC is connected to once.`,
        fix: `Write its cidrs under "${before}".`,
      })),
  },
  "names-of-trails": {
    kind: "refuses",
    says: "A trail whose name has two hyphens side by side. The trail of a cluster has the cluster's name, `<environment>-<key>`.",
    source: 'CloudTrail user guide, "Naming requirements"; CloudTrail API reference, `InvalidTrailNameException`',
    refusesName: (name) =>
      name.includes("--")
        ? "its trail has the same, in which CloudTrail takes no two hyphens side by side."
        : undefined,
  },
  "zones-are-kept": {
    kind: "keeps",
    says: "The zones of a cluster. New subnets must be in the zones that it was made with, and the blocks of other zones would overlap those that are there.",
    source: 'EKS user guide, "VPC and subnet requirements", VPC requirements; aws/containers-roadmap #2330',
  },
  "capacity-block-template": {
    kind: "refuses",
    says: "A node group of a capacity block whose launch template does not name the machine; and any node group that names the machine when its template does.",
    source:
      'EKS user guide, "Create a managed node group with Capacity Blocks for ML"; terraform-aws-modules/terraform-aws-eks #1386, #3091',
  },
  "capacity-block-upgrade": {
    kind: "refuses",
    says: "An upgrade of a node group of a capacity block that has nodes. Its size must be 0.",
    source: 'EKS user guide, "Create a managed node group with Capacity Blocks for ML"',
  },
  "deleted-pool": {
    kind: "keeps",
    says: "When a node group is deleted, EKS drains all its nodes, and ends a node that is not empty after five minutes, whatever a PodDisruptionBudget says.",
    source: 'EKS user guide, "Delete a managed node group from your cluster"',
  },
  "log-group-comes-back": {
    kind: "keeps",
    says: "EKS may write the last records of a removed cluster minutes later, and then makes its log group again. A cluster of the same name ends at once with ResourceAlreadyExistsException, before anything else of it is made, until that group is deleted: `aws logs delete-log-group --log-group-name /aws/eks/<name>/cluster`. The program removes the group last, so that this is rare.",
    source: "terraform-aws-modules/terraform-aws-eks #2486, #2763, #2446",
  },
  "puts-into-a-locked-bucket": {
    kind: "refuses",
    says: "A put without a checksum into a bucket with default Object Lock. No document says whether Firehose sends one; if it does not, the alarm `<cluster>-audit-late-…` says so within an hour, and records stay in CloudWatch for 30 days.",
    source: 'S3 API reference, "PutObject"',
    suspected: true,
  },
} as const satisfies RuleBook<EksDeclaration & WithIngress>;
