import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust, type Statement } from "./policy.ts";

/** The service account of the AWS Load Balancer Controller. The platform installs it under this name. */
export const loadBalancerServiceAccount = { namespace: "kube-system", name: "aws-load-balancer-controller" } as const;

/** The cluster whose load balancer controller gets a role. */
export interface LoadBalancerIdentityArgs {
  /** The EKS cluster's name. The controller writes it into a tag of all it makes, which limits the role to that. */
  readonly name: string;
  /** The cluster. The role can be assumed only for a service account of it. */
  readonly cluster: Cluster;
  /** Resources that must exist before the association, and until it is removed: the Pod Identity agent. */
  readonly after: readonly pulumi.Resource[];
  /** AWS tags of the role and of the association. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Lets the AWS Load Balancer Controller make network load balancers for this cluster, and change no others. */
export function loadBalancerIdentity(
  name: string,
  args: LoadBalancerIdentityArgs,
  opts: pulumi.CustomResourceOptions,
): PodIdentityAssociation {
  const { cluster, after, tags } = args;
  const { namespace, name: serviceAccount } = loadBalancerServiceAccount;
  const role = accessRole(
    `${name}-role`,
    { trust: podTrust(cluster.arn, namespace, serviceAccount), statements: statements(args.name), tags },
    opts,
  );
  return new PodIdentityAssociation(
    name,
    { clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn, tags },
    { ...opts, dependsOn: [...role.grants, ...after] },
  );
}

/**
 * What kubernetes-sigs/aws-load-balancer-controller `docs/install/iam_policy.json` lists for network load balancers,
 * without what serves application load balancers, certificates of ACM, WAF and Shield. The controller tags all it makes
 * with the cluster's name, so a role that may write such a tag, and change what bears it, is limited to the cluster.
 */
function statements(name: string): Statement[] {
  const tag = "elbv2.k8s.aws/cluster";
  const marked = { StringEquals: { [`aws:ResourceTag/${tag}`]: name } };
  const marking = { StringEquals: { [`aws:RequestTag/${tag}`]: name } };
  const [targetGroups, balancers, listeners] = ["targetgroup/*/*", "loadbalancer/net/*/*", "listener/net/*/*/*"].map(
    (kind) => `arn:aws:elasticloadbalancing:*:*:${kind}`,
  ) as [string, string, string];
  const securityGroups = "arn:aws:ec2:*:*:security-group/*";
  const allow = (Sid: string, Action: string[], Resource: string | string[], Condition?: Statement["Condition"]) => ({
    Sid,
    Effect: "Allow" as const,
    Action,
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  });
  return [
    allow(
      "Look",
      [
        ..."AccountAttributes Addresses AvailabilityZones InternetGateways Vpcs VpcPeeringConnections Subnets SecurityGroups"
          .split(" ")
          .map((what) => `ec2:Describe${what}`),
        ..."Instances NetworkInterfaces Tags RouteTables".split(" ").map((what) => `ec2:Describe${what}`),
        "ec2:GetSecurityGroupsForVpc",
        ..."LoadBalancers LoadBalancerAttributes Listeners ListenerCertificates ListenerAttributes SSLPolicies Rules"
          .split(" ")
          .map((what) => `elasticloadbalancing:Describe${what}`),
        ..."TargetGroups TargetGroupAttributes TargetHealth Tags CapacityReservation"
          .split(" ")
          .map((what) => `elasticloadbalancing:Describe${what}`),
      ],
      "*",
    ),
    allow("LinkedRole", ["iam:CreateServiceLinkedRole"], "*", {
      StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" },
    }),
    // Rules of the nodes' security group let the load balancer in; EKS owns that group, so it bears no mark of ours.
    allow("LetIn", ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"], securityGroups),
    allow("MakeSecurityGroup", ["ec2:CreateSecurityGroup"], "*"),
    allow("MarkSecurityGroup", ["ec2:CreateTags"], securityGroups, {
      StringEquals: { ...marking.StringEquals, "ec2:CreateAction": "CreateSecurityGroup" },
    }),
    allow(
      "ChangeSecurityGroup",
      ["ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteSecurityGroup"],
      securityGroups,
      marked,
    ),
    allow("Make", ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"], "*", marking),
    allow("Mark", ["elasticloadbalancing:AddTags"], [balancers, targetGroups], {
      StringEquals: {
        ...marking.StringEquals,
        "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
      },
    }),
    // As upstream has them, without a condition: it is not documented which of these requests bear the tag.
    allow("MakeListeners", ["elasticloadbalancing:CreateListener"], [balancers]),
    // Not of load balancers: who may mark any of them may change any of them.
    allow(
      "Listeners",
      "AddTags RemoveTags DeleteListener ModifyListener ModifyListenerAttributes"
        .split(" ")
        .map((action) => `elasticloadbalancing:${action}`),
      [listeners],
    ),
    allow(
      "Targets",
      ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
      [targetGroups],
    ),
    allow(
      "Change",
      [
        "AddTags RemoveTags ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups SetSubnets",
        "DeleteLoadBalancer ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup",
      ].flatMap((actions) => actions.split(" ").map((action) => `elasticloadbalancing:${action}`)),
      "*",
      marked,
    ),
  ];
}
