import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust, type Statement } from "./policy.ts";

/** The service account of the cluster autoscaler. The platform installs it under this name; the role is bound to it. */
export const autoscalerServiceAccount = { namespace: "kube-system", name: "cluster-autoscaler" } as const;

/** The cluster whose autoscaler gets a role. */
export interface AutoscalerIdentityArgs {
  /** The EKS cluster's name. EKS writes it into a tag of its Auto Scaling groups, which limits the role to them. */
  readonly name: string;
  /** The cluster. The role can be assumed only for a service account of it. */
  readonly cluster: Cluster;
  /** Resources that must exist before the association, and until it is removed: the Pod Identity agent. */
  readonly after: readonly pulumi.Resource[];
  /** AWS tags of the role and of the association. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Lets the cluster autoscaler change the size of this cluster's node groups and of no others. The role is made here,
 * although the platform installs the autoscaler, because the platform layer needs no rights in AWS.
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
