import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust, type Statement } from "./policy.ts";

/** Of the cluster autoscaler, which the platform installs. */
export const autoscalerServiceAccount = { namespace: "kube-system", name: "cluster-autoscaler" } as const;

export interface AutoscalerIdentityArgs {
  /** The EKS cluster's name. */
  readonly name: string;
  readonly cluster: Cluster;
  /** What must be there before, and until it is gone: the Pod Identity agent. */
  readonly after: readonly pulumi.Resource[];
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * What lets the cluster autoscaler size this cluster's node groups and no others. It is granted here, although the
 * autoscaler is installed with the platform, because the platform has no rights in AWS and needs none.
 */
export function autoscalerIdentity(
  name: string,
  args: AutoscalerIdentityArgs,
  opts: pulumi.CustomResourceOptions,
): PodIdentityAssociation {
  const { cluster, after, tags } = args;
  const { namespace, name: serviceAccount } = autoscalerServiceAccount;
  const role = accessRole(
    `${name}-role`,
    { trust: podTrust(cluster.arn, namespace, serviceAccount), statements: statements(args.name, cluster), tags },
    opts,
  );
  return new PodIdentityAssociation(
    name,
    { clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn, tags },
    { ...opts, dependsOn: [...role.grants, ...after] },
  );
}

/**
 * As kubernetes/autoscaler `cloudprovider/aws/README.md` lists them; what only looks cannot be limited to a resource.
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
      // EKS tags the scaling groups of its node groups so.
      Condition: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${name}`]: "owned" } },
    },
  ];
}
