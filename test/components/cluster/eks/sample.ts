import { Provider } from "@pulumi/aws/provider.js";
import type { EksClusterArgs } from "../../../../components/cluster/eks/eksArgs.ts";
import { EksCluster } from "../../../../components/cluster/eks/eksCluster.ts";
import type { Answers } from "../harness.ts";

export const account = "123456789012";

/** Two pools that have little in common, a network that is connected, and an admin of each kind. */
export const sampleArgs: EksClusterArgs = {
  account,
  region: "us-east-1",
  zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
  cidr: "10.40.0.0/16",
  kubernetesVersion: "1.35",
  admins: ["role/platform", "arn:aws:iam::210987654321:user/break-glass"],
  labels: { environment: "production", region: "east-us" },
  endpoint: { kind: "private", cidrs: ["10.8.0.0/16"] },
  gpuPools: {
    l4: {
      machine: "g6.2xlarge",
      min: 0,
      max: 8,
      purchase: { kind: "spot" },
      sharing: { kind: "timeSlicing", replicas: 4 },
      labels: { team: "fraud" },
    },
    h100: {
      machine: "p5.48xlarge",
      min: 1,
      max: 2,
      purchase: { kind: "reserved", reservation: "cr-0123456789abcdef0" },
      zones: ["us-east-1b"],
      placement: "compact",
      sharing: { kind: "mig", profile: "3g.40gb" },
      disk: "500GiB",
    },
  },
  auditStore: { retentionDays: 730 },
};

export function build(args: EksClusterArgs = sampleArgs, name = "aws-use1"): EksCluster {
  const provider = new Provider("aws", { region: args.region, allowedAccountIds: [account] });
  return new EksCluster(name, args, { providers: [provider] });
}

const arn = (service: string, resource: string) => `arn:aws:${service}:us-east-1:${account}:${resource}`;
/** Auto-named resources get seven random letters. */
const named = (name: string) => `${name}-1a2b3c4`;

/** What AWS would compute. */
export const answers: Answers = {
  outputs: {
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": ({ vpcId }) => ({ vpcId: vpcId ?? "" }),
    "aws:ec2/eip:Eip": (_, name) => ({ allocationId: `eipalloc-${name}` }),
    "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 1 }),
    "aws:ec2/placementGroup:PlacementGroup": (_, name) => ({ name: named(name) }),
    "aws:kms/key:Key": (_, name) => ({ keyId: name, arn: arn("kms", `key/${name}`) }),
    "aws:iam/role:Role": (_, name) => ({ name: named(name), arn: `arn:aws:iam::${account}:role/${named(name)}` }),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": () => ({
      arn: `arn:aws:iam::${account}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF`,
    }),
    "aws:s3/bucket:Bucket": (_, name) => ({ bucket: named(name), arn: `arn:aws:s3:::${named(name)}` }),
    "aws:cloudwatch/logGroup:LogGroup": ({ name }, resource) => ({
      name: name ?? named(resource),
      arn: arn("logs", `log-group:${name ?? named(resource)}`),
    }),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (_, name) => ({
      name: named(name),
      arn: arn("firehose", `deliverystream/${named(name)}`),
    }),
    "aws:cloudtrail/trail:Trail": ({ name }) => ({ arn: arn("cloudtrail", `trail/${name}`) }),
    "aws:eks/cluster:Cluster": ({ name, vpcConfig }) => ({
      arn: arn("eks", `cluster/${name}`),
      endpoint: "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com",
      certificateAuthority: { data: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==" },
      identities: [{ oidcs: [{ issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF" }] }],
      vpcConfig: { ...(vpcConfig as object), clusterSecurityGroupId: "sg-cluster" },
    }),
    "aws:eks/nodeGroup:NodeGroup": ({ nodeGroupName }) => ({
      arn: arn("eks", `nodegroup/aws-use1/${nodeGroupName}`),
      resources: [{ autoscalingGroups: [{ name: `eks-${nodeGroupName}` }], remoteAccessSecurityGroupId: "" }],
    }),
  },
};
