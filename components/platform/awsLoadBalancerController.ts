import type * as pulumi from "@pulumi/pulumi";
import { nameInCloud } from "../cluster/cloudAdapter.ts";
import { loadBalancerServiceAccount } from "../cluster/eks/loadBalancerIdentity.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import { budget } from "./availability.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * The AWS Load Balancer Controller on EKS. It makes a network load balancer for the gateway's Service; without it EKS
 * makes a Classic Load Balancer, which AWS calls the previous generation. The cluster layer grants its rights in AWS to
 * its service account.
 */
export interface AwsLoadBalancerControllerArgs {
  /** The cluster's name in AWS. The controller tags all it makes with it, and changes nothing else. */
  readonly cluster: string;
  /** The cluster's AWS region. Given, so that the controller need not ask the node's metadata service. */
  readonly region: string;
  /** Options that every installed system has; `{}` for the defaults. */
  readonly install: Install;
}

const { namespace, name: serviceAccount } = loadBalancerServiceAccount;

/** The AWS Load Balancer Controller of one EKS cluster: its chart, in `kube-system`. */
export class AwsLoadBalancerController extends Component {
  constructor(name: string, args: AwsLoadBalancerControllerArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    super("platform:AwsLoadBalancerController", name, { cluster: args.cluster }, opts);
    systemChart(
      this.childName("chart"),
      charts.awsLoadBalancerController,
      {
        release: serviceAccount,
        namespace,
        install: args.install,
        settings: args.settings,
        values: awsLoadBalancerControllerValues(args),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/**
 * The chart's values. What is not written is the chart's default: two replicas on different nodes.
 *
 * - `enableCertManager`: without it the chart makes another certificate for its webhooks at every rendering.
 * - `enableServiceMutatorWebhook: false`: it would take over every Service of type LoadBalancer; ours name their class.
 * - No IngressClass: application load balancers are not used, and the role has no rights for them.
 */
export function awsLoadBalancerControllerValues({
  cluster,
  region,
  settings,
}: AwsLoadBalancerControllerArgs & AtSite): Record<string, unknown> {
  const repository = mirroredPath(settings?.registryMirror, "public.ecr.aws", "eks/aws-load-balancer-controller");
  return {
    ...(repository === undefined ? {} : { image: { repository } }),
    clusterName: cluster,
    region,
    // Found by the subnets' tags otherwise, through the node's metadata service, which pods do not reach.
    vpcTags: { Name: `${cluster}-network-vpc` },
    serviceAccount: { name: serviceAccount },
    enableCertManager: true,
    enableServiceMutatorWebhook: false,
    createIngressClassResource: false,
    ingressClassParams: { create: false },
    enableShield: false,
    enableWaf: false,
    enableWafv2: false,
    podDisruptionBudget: budget(settings),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  };
}

/** The AWS Load Balancer Controller. It runs where a cloud lists it in `needs`, which is EKS. */
export const awsLoadBalancerController = {
  title: "AWS Load Balancer Controller",
  componentName: "load-balancer-controller",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: ["certManager"],
  namespaces: [],
  requirements: [],
  webhookPorts: [9443],
  asks: {},
  runsOn: ({ cloud, spec }) => cloud.region(spec) !== undefined,
  problems: () => [],
  installed: (args) => args,
  build(name, args, { environment, key, cloud, spec }, opts) {
    const region = cloud.region(spec);
    if (region === undefined) throw new Error(`${name}: the cluster is in no region.`);
    const cluster = nameInCloud(environment, key);
    return { resource: new AwsLoadBalancerController(name, { ...args, cluster, region }, opts), published: {} };
  },
} as const satisfies PlatformSystem<{ readonly install: Install }>;
