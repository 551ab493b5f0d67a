import { Provider } from "@pulumi/aws/provider.js";
import { defaultKubernetesVersion } from "../../core/kubernetesVersions.ts";
import type { Problem } from "../../core/problem.ts";
import { mirrorProblems, mirrorSettings, type WithRegistryMirror } from "../../core/registryMirror.ts";
import { type CloudAdapter, nameInCloud } from "../cloudAdapter.ts";
import { ingressProblems, loadBalancer, type WithIngress } from "../ingress.ts";
import { quotaNeeds } from "../quota.ts";
import { awsBilling } from "./awsBilling.ts";
import { awsRuleBook } from "./awsRuleBook.ts";
import { awsRules } from "./awsRules.ts";
import type { EksDeclaration } from "./eksArgs.ts";
import { EksCluster, longestName } from "./eksCluster.ts";
import { efaInterfaces, eksGpuPools } from "./eksPools.ts";
import { validateEksCluster } from "./eksProblems.ts";
import { roleAnnotation } from "./eksWorkloadIdentity.ts";
import { defaultEndpoint } from "./endpoint.ts";
import { eksBaseQuota, eksSystemNodes } from "./systemNodes.ts";

/** A cluster of Amazon EKS, in the account of the configuration value `serin:awsAccount`. */
export type AwsClusterSpec = { readonly cloud: "aws" } & WithIngress & WithRegistryMirror & EksDeclaration;

const networkLoadBalancer = {
  "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
  "service.beta.kubernetes.io/aws-load-balancer-attributes": "load_balancing.cross_zone.enabled=true",
  // Targets that are pods would otherwise see the load balancer's address in place of the client's.
  "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=true",
  // The probe of the gateway's pods. Their ports for requests open later: with a Gateway, and 443 with its certificate.
  "service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol": "HTTP",
  "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port": "15021",
  "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path": "/healthz/ready",
} as const;

/** The adapter of Amazon Web Services: clusters of Amazon EKS. */
export const aws: CloudAdapter<AwsClusterSpec> = {
  rules: awsRules,
  ruleBook: awsRuleBook,
  adopted: false,
  longestName,
  identityMarks: { annotations: [roleAnnotation], podLabels: {} },
  brings: [],
  needs: ({ gpuPools = {} }) => [
    "ebsStorageClass",
    "metricsServer",
    "clusterAutoscaler",
    "awsLoadBalancerController",
    ...(Object.values(gpuPools).some((pool) => efaInterfaces(pool) > 0) ? ["efaDevicePlugin"] : []),
  ],
  starter: {
    region: "us-east-1",
    cluster: (region) => ({
      cloud: "aws",
      region,
      zones: [`${region}a`, `${region}b`, `${region}c`],
      cidr: "10.16.0.0/16",
      kubernetesVersion: defaultKubernetesVersion,
      admins: ["role/platform-admin"],
      labels: {},
    }),
  },
  problems: (spec) => [...validateEksCluster(spec), ...ingressProblems(spec), ...mirrorProblems(spec)],
  gpuPools: eksGpuPools,
  systemNodes: eksSystemNodes,
  region: ({ region }) => region,
  kubernetesVersion: ({ kubernetesVersion }) => kubernetesVersion,
  signIn: (configured) => [
    `aws sso login && aws sts get-caller-identity --query Account   # prints ${configured("awsAccount")}`,
  ],
  decide({ endpoint = defaultEndpoint, peerings = {} }) {
    if (endpoint.kind === "public" || (endpoint.cidrs ?? []).length > 0) return [];
    const connected = Object.values(peerings).flatMap(({ cidrs }) => cidrs);
    return connected.length > 0
      ? [
          `The cluster's security group lets in no address of ${Object.keys(peerings).join(", ")} without endpoint: { kind: "private", cidrs: ${JSON.stringify(connected)} }.`,
        ]
      : [
          'Only machines in the cluster\'s own VPC reach its API server. For others declare peerings, or endpoint: { kind: "public", cidrs }, now or later.',
        ];
  },
  connect({ endpoint = defaultEndpoint, peerings = {}, cidr, region }, name) {
    if (endpoint.kind === "public") return [];
    const page = 'docs/clusters/eks.md, "First day"';
    const owners = Object.keys(peerings).join(", ");
    if (owners !== "") {
      return [{ says: `Have the owners of ${owners} accept the connection and route ${cidr} back: ${page}.` }];
    }
    const blocks = endpoint.cidrs ?? [];
    if (blocks.length > 0) return [{ says: `Connect ${blocks.join(", ")} with the cluster's VPC.` }];
    return [
      {
        says: `Make a machine in the cluster's VPC and run serin there (${page}). It gets the cluster's security group, which lets in its own members alone:`,
      },
      {
        command: `aws eks describe-cluster --region ${region} --name ${name} --query cluster.resourcesVpcConfig.clusterSecurityGroupId`,
      },
    ];
  },
  upload: ({ region }, _name, versions) =>
    versions.map(({ from, to }) => ({ command: `aws s3 sync --region ${region} ${from} "$store/${to}"` })),
  blocks: ({ cidr }) => [cidr],
  modelStore: ({ region }, url) => ({ kind: "s3", url, region }),
  cloudDriver: () => awsRules.drivers.nodeImage.version,
  billing: awsBilling,
  quota: (spec) => quotaNeeds(awsRules, spec.region, spec.gpuPools ?? {}, eksBaseQuota(spec)),
  // kubernetes-sigs/aws-load-balancer-controller `docs/guide/service/annotations.md`. Targets are the gateway's pods:
  // through node ports, each node would be one, with or without a gateway.
  loadBalancer: (spec) => ({
    ...loadBalancer(spec, {
      internal: { ...networkLoadBalancer, "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" },
      public: { ...networkLoadBalancer, "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" },
    }),
    loadBalancerClass: "service.k8s.aws/nlb",
    // A new pod is ready when it is a healthy target; without it an upgrade ends the old pods minutes too early.
    namespaceLabels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
    // It forgets a target about two minutes after it is told to (aws-load-balancer-controller #2366).
    lingerSeconds: 150,
    toNodesOfPods: false,
  }),
  settings: mirrorSettings,
  configuration: ({ admins }) => ({
    values: [
      {
        key: "awsAccount",
        word: '"$(aws sts get-caller-identity --query Account --output text)"',
        problems: (path, account) => accountProblems(path, account, admins),
      },
    ],
    secrets: [],
  }),
  kubeconfigSecret: () => undefined,
  build({ cloud: _, ingress: _ingress, registryMirror: _mirror, ...args }, { environment, key, configured }) {
    const name = nameInCloud(environment, key);
    const account = configured("awsAccount");
    const provider = new Provider(name, { region: args.region, allowedAccountIds: [account] });
    return new EksCluster(name, { ...args, account }, { providers: [provider] });
  },
};

/** EKS has one access entry of a principal, which `role/<name>` and the whole ARN may both name. */
function accountProblems(path: string, account: string, admins: readonly string[]): Problem[] {
  if (!/^\d{12}$/.test(account)) {
    return [
      {
        path,
        reason: `"${account}" is not the id of an account of AWS: 12 digits.`,
        fix: "Write what `aws sts get-caller-identity --query Account --output text` prints.",
      },
    ];
  }
  const own = `arn:aws:iam::${account}:`;
  return admins
    .filter((admin) => admin.startsWith(own) && admins.includes(admin.slice(own.length)))
    .map((admin) => ({
      path,
      reason: `with this account, admins has "${admin.slice(own.length)}" twice: it is "${admin}".`,
      fix: "Name it once.",
    }));
}
