import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { eksGpuPools } from "../../../../components/cluster/eks/eksPools.ts";
import { inputsOf, recorded } from "../harness.ts";
import { called, needs, run } from "./needs.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const clusterType = "aws:eks/cluster:Cluster";
const control = async (changes?: Partial<typeof sampleArgs>) => inputsOf(await run(changes), clusterType);

describe("the control plane", () => {
  it("is reached from the network alone, unless addresses are named", async () => {
    expect((await control()).vpcConfig).toEqual({
      subnetIds: ["a", "b", "c"].map((zone) => `aws-use1-network-private-us-east-1${zone}-id`),
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
    });
    const open = await control({ endpoint: { kind: "public", cidrs: ["198.51.100.0/24"] } });
    expect(open.vpcConfig).toMatchObject({
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["198.51.100.0/24"],
    });
  });

  it("lets connected networks in through its security group", async () => {
    expect(
      inputsOf(await run(), "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "10.8.0.0/16"),
    ).toMatchObject({
      securityGroupId: "sg-cluster",
      cidrIpv4: "10.8.0.0/16",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    });
  });

  it("admits those who are named, and not who made it", async () => {
    const cluster = await run();
    expect(inputsOf(cluster, clusterType).accessConfig).toEqual({
      authenticationMode: "API",
      bootstrapClusterCreatorAdminPermissions: false,
    });
    const admitted = cluster.resources
      .filter(({ type }) => type === "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
      .map(({ props }) => props);
    expect(admitted.map(({ principalArn }) => principalArn).sort()).toEqual([
      "arn:aws:iam::123456789012:role/platform",
      "arn:aws:iam::210987654321:user/break-glass",
    ]);
    for (const { policyArn, accessScope } of admitted) {
      expect(policyArn).toBe("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy");
      expect(accessScope).toEqual({ type: "cluster" });
    }
  });

  it("encrypts Secrets with the cluster's own key, which is rotated", async () => {
    const cluster = await run();
    expect(inputsOf(cluster, clusterType).encryptionConfig).toEqual({
      provider: { keyArn: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-key" },
      resources: ["secrets"],
    });
    for (const { type, props } of cluster.resources) {
      if (type !== "aws:kms/key:Key") continue;
      expect(props).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    }
  });

  it("writes all five logs, to a group that is there first with a key and an end", async () => {
    const cluster = await run();
    expect(inputsOf(cluster, clusterType).enabledClusterLogTypes).toEqual([
      "api",
      "audit",
      "authenticator",
      "controllerManager",
      "scheduler",
    ]);
    expect(inputsOf(cluster, "aws:cloudwatch/logGroup:LogGroup", "-logs")).toMatchObject({
      name: "/aws/eks/aws-use1/cluster",
      retentionInDays: 30,
      kmsKeyId: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-key",
    });
    expect([...needs(cluster, "control-plane-cluster")]).toEqual(
      expect.arrayContaining(["logs", "audit-subscription", "control-plane-role-AmazonEKSClusterPolicy"]),
    );
  });

  it("stays out of extended support and has its own Services, outside the VPC", async () => {
    expect(await control()).toMatchObject({
      name: "aws-use1",
      version: "1.35",
      upgradePolicy: { supportType: "STANDARD" },
      kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: "10.40.224.0/19" },
      bootstrapSelfManagedAddons: false,
      zonalShiftConfig: { enabled: true },
    });
  });

  it("keeps its zones: a change is refused as a replacement of what is protected (containers-roadmap #2330)", async () => {
    const { replaceOnChanges, protect } = called(await run(), "control-plane-cluster");
    expect({ replaceOnChanges, protect }).toEqual({ replaceOnChanges: ["vpcConfig.subnetIds"], protect: true });
  });

  it("does not see another order of its zones", async () => {
    const zones = [...sampleArgs.zones].reverse() as unknown as typeof sampleArgs.zones;
    expect((await control({ zones })).vpcConfig).toEqual((await control()).vpcConfig);
  });

  it("is protected by EKS, too, and by neither when told so", async () => {
    expect((await control()).deletionProtection).toBe(true);
    expect((await control({ protect: false })).deletionProtection).toBe(false);
  });
});

describe("the cluster's key", () => {
  const statements = async () => {
    const { policy } = called(await run(), "key").props;
    return (JSON.parse(policy as string) as { Statement: { Sid: string; Condition?: unknown }[] }).Statement;
  };

  it("is used by CloudWatch for the one log group", async () => {
    expect((await statements()).find(({ Sid }) => Sid === "Logs")?.Condition).toEqual({
      ArnEquals: {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/aws-use1/cluster",
      },
    });
  });

  it("is used for disks by this account, through EC2 in this region", async () => {
    expect((await statements()).find(({ Sid }) => Sid === "Disks")?.Condition).toEqual({
      StringEquals: { "kms:CallerAccount": "123456789012", "kms:ViaService": "ec2.us-east-1.amazonaws.com" },
    });
  });
});

describe("the add-ons", () => {
  it("enforce network policies, by a string as the plugin wants it", async () => {
    expect(inputsOf(await run(), "aws:eks/addon:Addon", "vpc-cni").configurationValues).toBe(
      '{"enableNetworkPolicy":"true"}',
    );
  });

  it("call AWS as themselves, and only they may", async () => {
    const cluster = await run();
    for (const [addon, serviceAccount, policy] of [
      ["vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"],
      ["aws-ebs-csi-driver", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"],
    ] as const) {
      expect(inputsOf(cluster, "aws:eks/addon:Addon", addon).podIdentityAssociations).toEqual([
        { roleArn: `arn:aws:iam::123456789012:role/aws-use1-${addon}-role-1a2b3c4`, serviceAccount },
      ]);
      expect(inputsOf(cluster, "aws:iam/role:Role", `${addon}-role`).assumeRolePolicy).toEqual({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "pods.eks.amazonaws.com" },
            Action: ["sts:AssumeRole", "sts:TagSession"],
            Condition: {
              StringEquals: {
                "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:123456789012:cluster/aws-use1",
                "aws:RequestTag/kubernetes-namespace": "kube-system",
                "aws:RequestTag/kubernetes-service-account": serviceAccount,
              },
            },
          },
        ],
      });
      const attached = called(cluster, `${addon}-role-${policy.split("/").at(-1)}`).props.policyArn;
      expect(attached).toBe(`arn:aws:iam::aws:policy/${policy}`);
    }
  });
});

it("lets the EBS CSI driver make volumes with the cluster's key, through EC2 only (aws-ebs-csi-driver #935)", async () => {
  const { policy } = inputsOf(await run(), "aws:iam/rolePolicy:RolePolicy", "aws-ebs-csi-driver-role-policy");
  expect((policy as { Statement: unknown }).Statement).toEqual([
    {
      Sid: "Volumes",
      Effect: "Allow",
      Action: ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
      Resource: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-key",
      Condition: { StringEquals: { "kms:ViaService": "ec2.us-east-1.amazonaws.com" } },
    },
  ]);
  expect([...needs(await run(), "aws-ebs-csi-driver")]).toContain("aws-ebs-csi-driver-role-policy");
});

it("publishes what it takes to connect its network, and the key of its volumes", async () => {
  const { outputs } = await recorded(() => {
    const { network, volumeKey } = build();
    return { network, volumeKey };
  }, answers);
  const ofZones = (id: (zone: string) => string) =>
    Object.fromEntries(sampleArgs.zones.map((zone) => [zone, `aws-use1-network-private-${id(zone)}-id`]));
  expect(outputs).toEqual({
    network: {
      id: "aws-use1-network-vpc-id",
      subnets: ofZones((zone) => zone),
      routeTables: ofZones((zone) => `${zone}-table`),
    },
    volumeKey: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-key",
  });
});

describe("the nodes' role", () => {
  it("pulls images and joins the cluster, and changes nothing in the network", async () => {
    const attached = (await run()).resources
      .filter(({ name }) => name.startsWith("aws-use1-node-role-"))
      .map(({ props }) => props.policyArn);
    expect(attached.sort()).toEqual([
      "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    ]);
  });
});

describe("the autoscaler", () => {
  it("sizes the scaling groups of this cluster only", async () => {
    const cluster = await run();
    expect(inputsOf(cluster, "aws:eks/podIdentityAssociation:PodIdentityAssociation", "autoscaler")).toMatchObject({
      namespace: "kube-system",
      serviceAccount: "cluster-autoscaler",
      roleArn: "arn:aws:iam::123456789012:role/aws-use1-autoscaler-role-1a2b3c4",
    });
    const { policy } = inputsOf(cluster, "aws:iam/rolePolicy:RolePolicy", "autoscaler-role-policy") as {
      policy: { Statement: { Action: string | string[]; Condition?: unknown }[] };
    };
    const changing = policy.Statement.filter(({ Action }) => !/:(Describe|Get)/.test([Action].flat().join()));
    expect(changing).toEqual([
      {
        Sid: "Scale",
        Effect: "Allow",
        Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/aws-use1": "owned" } },
      },
    ]);
  });
});

describe("the load balancer controller", () => {
  it("makes load balancers for this cluster, and changes none that it has not marked", async () => {
    const cluster = await run();
    expect(inputsOf(cluster, "aws:eks/podIdentityAssociation:PodIdentityAssociation", "load-balancers")).toMatchObject({
      namespace: "kube-system",
      serviceAccount: "aws-load-balancer-controller",
    });
    const { policy } = inputsOf(cluster, "aws:iam/rolePolicy:RolePolicy", "load-balancers-role-policy") as {
      policy: { Statement: { Sid: string; Action: string[]; Resource: unknown; Condition?: Record<string, object> }[] };
    };
    const of = (action: string) => policy.Statement.filter(({ Action }) => Action.includes(action));
    for (const action of ["DeleteLoadBalancer", "SetSubnets", "DeleteTargetGroup", "ModifyTargetGroup"]) {
      expect(of(`elasticloadbalancing:${action}`).map(({ Condition }) => Condition)).toEqual([
        { StringEquals: { "aws:ResourceTag/elbv2.k8s.aws/cluster": "aws-use1" } },
      ]);
    }
    expect(of("elasticloadbalancing:CreateLoadBalancer").map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "aws:RequestTag/elbv2.k8s.aws/cluster": "aws-use1" } },
    ]);
    // Who may mark what bears no mark may change it next.
    const marking = of("elasticloadbalancing:AddTags").filter(({ Condition }) => Condition === undefined);
    expect(marking.map(({ Resource }) => Resource)).toEqual([["arn:aws:elasticloadbalancing:*:*:listener/net/*/*/*"]]);
    const actions = policy.Statement.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => /^(waf|shield|cognito|acm)|\*/.test(action))).toEqual([]);
    expect(actions.every((action) => /^(ec2|elasticloadbalancing|iam):[A-Z]\w+$/.test(action))).toBe(true);
  });
});

describe("the order", () => {
  const network = [
    ...["a", "b", "c"].flatMap((zone) => [
      `network-nat-us-east-1${zone}`,
      `network-private-us-east-1${zone}-route`,
      `network-private-us-east-1${zone}-routes`,
    ]),
    "network-s3",
  ];
  const agents = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"];

  it("gives the network plugin its credentials before it starts", async () => {
    expect([...needs(await run(), "vpc-cni")]).toEqual(
      expect.arrayContaining(["eks-pod-identity-agent", "vpc-cni-role-AmazonEKS_CNI_Policy"]),
    );
  });

  it.each(["system", "pool-l4-nodes", "pool-h100-nodes"])("keeps what %s needs until they are gone", async (nodes) => {
    expect([...needs(await run(), nodes)]).toEqual(
      expect.arrayContaining([
        ...network,
        ...agents,
        "node-role-AmazonEKSWorkerNodePolicy",
        "node-role-AmazonEC2ContainerRegistryPullOnly",
      ]),
    );
  });

  it.each(["audit-subscription", "audit-delivery", "audit-store-bucket", "control-plane-cluster"])(
    "removes the log group after %s, because EKS writes late and makes it again (terraform-aws-eks #2763)",
    async (earlier) => {
      expect(needs(await run(), earlier)).toContain("logs");
    },
  );

  it.each(["coredns", "aws-ebs-csi-driver"])("starts %s when there are nodes for it", async (addon) => {
    expect(needs(await run(), addon)).toContain("system");
  });

  it("refuses a removal before anything is removed", async () => {
    const cluster = await run();
    const guard = cluster.resources.find(({ type }) => type === "serin:cluster:RemovalGuard");
    const all = cluster.resources.filter(({ custom, urn }) => custom && urn.includes("serin:cluster:EksCluster$"));
    expect(guard?.protect).toBe(true);
    expect([...(guard?.dependencies ?? [])].sort()).toEqual(all.map(({ urn }) => urn).sort());
  });

  it("makes the cluster usable once nodes, add-ons and admins are there, and waits for no GPU", async () => {
    const needed = needs(await run(), "provider");
    expect([...needed]).toEqual(
      expect.arrayContaining([
        ...network,
        ...agents,
        "system",
        "coredns",
        "aws-ebs-csi-driver",
        "control-plane-admin-role/platform-policy",
      ]),
    );
    expect([...needed].filter((name) => name.startsWith("pool-"))).toEqual([]);
  });
});

describe("the kubeconfig", () => {
  it("asks the AWS CLI for a token, and holds none", async () => {
    const { outputs } = await recorded(() => ({ kubeconfig: pulumi.unsecret(build().kubeconfig) }), answers);
    expect(JSON.parse(outputs.kubeconfig as string)).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "aws-use1",
          cluster: {
            server: "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com",
            "certificate-authority-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
          },
        },
      ],
      contexts: [{ name: "aws-use1", context: { cluster: "aws-use1", user: "aws-use1" } }],
      "current-context": "aws-use1",
      users: [
        {
          name: "aws-use1",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: ["--region", "us-east-1", "eks", "get-token", "--cluster-name", "aws-use1", "--output", "json"],
              interactiveMode: "Never",
            },
          },
        },
      ],
    });
  });
});

it("publishes its pools before anything is made", () => {
  expect(eksGpuPools(sampleArgs)).toMatchObject({
    l4: { gpu: "L4", gpusPerNode: 4, min: 0, max: 8, spot: true, driver: { owner: "cloud" }, vcpu: 8, memoryGiB: 32 },
    h100: {
      gpu: "H100-80GB",
      gpusPerNode: 16,
      spot: false,
      nodeSelector: { "serin.dev/gpu-class": "H100-80GB.mig-3g.40gb" },
    },
  });
});

it("refuses a name that its roles could not have", async () => {
  const named = (name: string) => recorded(() => void build(sampleArgs, name), answers);
  await expect(named("a-cluster-with-a-name-of-more-than-thirty")).rejects.toThrow(
    'name: "a-cluster-with-a-name-of-more-than-thirty" is not a DNS label of at most 30 characters',
  );
});
