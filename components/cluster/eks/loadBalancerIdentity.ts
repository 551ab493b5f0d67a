import type { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { type PodIdentityArgs, podIdentity } from "./podIdentity.ts";
import type { Statement } from "./policy.ts";

/** The service account of the AWS Load Balancer Controller. The platform installs it under this name. */
export const loadBalancerServiceAccount = { namespace: "kube-system", name: "aws-load-balancer-controller" } as const;

/** Lets the AWS Load Balancer Controller make network load balancers for this cluster, and change no others. */
export function loadBalancerIdentity(
  name: string,
  args: PodIdentityArgs,
  opts: pulumi.CustomResourceOptions,
): PodIdentityAssociation {
  const rights = { serviceAccount: loadBalancerServiceAccount, statements: statements(args.name) };
  return podIdentity(name, args, rights, opts);
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
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeVpcs",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeTags",
        "ec2:DescribeRouteTables",
        "ec2:GetSecurityGroupsForVpc",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeSSLPolicies",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeCapacityReservation",
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
      [
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes",
      ],
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
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:SetIpAddressType",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:DeleteTargetGroup",
      ],
      "*",
      marked,
    ),
  ];
}
