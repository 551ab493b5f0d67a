import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import type { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { type PodIdentityArgs, podIdentity } from "./podIdentity.ts";
import type { Statement } from "./policy.ts";

/** The service account of the cluster autoscaler. The platform installs it under this name; the role is bound to it. */
export const autoscalerServiceAccount = { namespace: "kube-system", name: "cluster-autoscaler" } as const;

/** Lets the cluster autoscaler change the size of this cluster's node groups and of no others. */
export function autoscalerIdentity(
  name: string,
  args: PodIdentityArgs,
  opts: pulumi.CustomResourceOptions,
): PodIdentityAssociation {
  const rights = { serviceAccount: autoscalerServiceAccount, statements: statements(args.name, args.cluster) };
  return podIdentity(name, args, rights, opts);
}

/**
 * The rights that kubernetes/autoscaler `cloudprovider/aws/README.md` lists. IAM cannot limit the actions of "Look" to
 * a resource.
 */
function statements(name: string, cluster: Cluster): Statement[] {
  return [
    {
      Sid: "Look",
      Effect: "Allow",
      Action: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ],
      Resource: "*",
    },
    {
      Sid: "NodeGroups",
      Effect: "Allow",
      Action: "eks:DescribeNodegroup",
      Resource: cluster.arn.apply((arn) => `${arn.replace(":cluster/", ":nodegroup/")}/*`),
    },
    {
      Sid: "Scale",
      Effect: "Allow",
      Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      Resource: "*",
      // EKS puts this tag on the Auto Scaling groups of its node groups.
      Condition: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${name}`]: "owned" } },
    },
  ];
}
