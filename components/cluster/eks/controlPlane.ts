import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import { Cluster } from "@pulumi/aws/eks/cluster.js";
import { OpenIdConnectProvider } from "@pulumi/aws/iam/openIdConnectProvider.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { KubernetesVersion } from "../../core/kubernetesVersions.ts";
import { accessRole } from "./accessRole.ts";
import type { EksNetwork } from "./eksNetwork.ts";
import type { Endpoint } from "./endpoint.ts";
import { serviceTrust, type TokenIssuer } from "./policy.ts";

/** What a control plane is made with. */
export interface ControlPlaneArgs {
  /** The EKS cluster's name. A change replaces the cluster. */
  readonly cluster: string;
  /** The account's id, 12 digits: the account of admins that are not given as an ARN. */
  readonly account: pulumi.Input<string>;
  /** `version` of the cluster. One minor version up upgrades it in place; EKS refuses a step down. */
  readonly kubernetesVersion: KubernetesVersion;
  /**
   * The network. The control plane has its interfaces in the private subnets (`vpcConfig.subnetIds`). A change of these
   * replaces the cluster, because EKS takes no subnets in other zones. Services take addresses of the block `services`
   * (`serviceIpv4Cidr`), whose change replaces the cluster, too.
   */
  readonly network: EksNetwork;
  /** Which addresses reach the API server. Changes in place. */
  readonly endpoint: Endpoint;
  /** ARN of the KMS key that encrypts Kubernetes Secrets (`encryptionConfig`). */
  readonly keyArn: pulumi.Input<string>;
  /**
   * IAM roles and users that get an access entry with `AmazonEKSClusterAdminPolicy` for the whole cluster:
   * `role/<name>`, `user/<name>` or an ARN. A change adds and removes entries.
   */
  readonly admins: readonly string[];
  /** Resources that must exist before EKS writes the first record of the audit log. */
  readonly logging: readonly pulumi.Resource[];
  /** Whether Pulumi (`protect`) and EKS (`deletionProtection`) refuse to delete the cluster. */
  readonly protect: boolean;
  /** AWS tags of the cluster and of all that is made for it. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The Kubernetes control plane of a cluster, its administrators, and the OpenID Connect provider by which IAM accepts
 * tokens of its service accounts.
 */
export class ControlPlane extends Component {
  /** The EKS cluster, for add-ons and node groups. */
  readonly cluster: Cluster;
  /** Certificate of the authority that signed the API server's: PEM in base64, as EKS gives it. */
  readonly certificateAuthority: pulumi.Output<string>;
  /** The security group that EKS makes: the control plane's interfaces and all nodes are in it and reach each other. */
  readonly securityGroupId: pulumi.Output<string>;
  /** The issuer of service account tokens, known to IAM. */
  readonly issuer: TokenIssuer;

  constructor(name: string, args: ControlPlaneArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:ControlPlane", name, { endpoint: args.endpoint }, opts);

    this.cluster = this.#cluster(args);
    this.certificateAuthority = this.cluster.certificateAuthority.apply(({ data }) => data ?? "");
    this.securityGroupId = this.cluster.vpcConfig.apply(({ clusterSecurityGroupId }) => clusterSecurityGroupId);
    this.#reach(args);
    for (const admin of args.admins) this.#admit(admin, args);
    this.issuer = this.#issuer(args);

    this.registerOutputs({ arn: this.cluster.arn });
  }

  #cluster(args: ControlPlaneArgs): Cluster {
    const { cluster: name, network, endpoint, protect, tags } = args;
    const role = accessRole(
      this.childName("role"),
      { trust: serviceTrust("eks"), managed: ["AmazonEKSClusterPolicy"], tags },
      { parent: this },
    );
    return new Cluster(
      this.childName("cluster"),
      {
        name,
        version: args.kubernetesVersion,
        // By default extended support follows, which costs six times as much. With STANDARD, EKS upgrades instead.
        upgradePolicy: { supportType: "STANDARD" },
        roleArn: role.arn,
        vpcConfig: {
          subnetIds: Object.values(network.privateSubnets).map(({ id }) => id),
          endpointPrivateAccess: true,
          endpointPublicAccess: endpoint.kind === "public",
          ...(endpoint.kind === "public" ? { publicAccessCidrs: [...endpoint.cidrs] } : {}),
        },
        kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: network.services },
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        // The add-ons install the VPC CNI, kube-proxy and CoreDNS. EKS' unmanaged copies could not be configured.
        bootstrapSelfManagedAddons: false,
        encryptionConfig: { provider: { keyArn: args.keyArn }, resources: ["secrets"] },
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        zonalShiftConfig: { enabled: true },
        deletionProtection: protect,
        tags,
      },
      {
        parent: this,
        protect,
        dependsOn: [...role.grants, ...args.logging],
        // Other subnets are in other zones, which EKS refuses when some are made already. The engine refuses before:
        // it replaces nothing that is protected.
        replaceOnChanges: ["vpcConfig.subnetIds"],
      },
    );
  }

  /**
   * Opens the private endpoint to networks that are connected to the VPC. Without these rules only nodes and their pods
   * reach it.
   */
  #reach({ endpoint, tags }: ControlPlaneArgs): void {
    if (endpoint.kind === "public") return;
    for (const cidr of endpoint.cidrs ?? []) {
      new SecurityGroupIngressRule(
        this.childName(`from-${cidr}`),
        {
          securityGroupId: this.securityGroupId,
          cidrIpv4: cidr,
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          description: "Kubernetes API",
          tags,
        },
        { parent: this },
      );
    }
  }

  #admit(admin: string, { account, tags }: ControlPlaneArgs): void {
    const principalArn = admin.startsWith("arn:") ? admin : pulumi.interpolate`arn:aws:iam::${account}:${admin}`;
    const role = `admin-${admin.replace(/^arn:aws:iam::/, "")}`;
    const entry = new AccessEntry(
      this.childName(role),
      { clusterName: this.cluster.name, principalArn, tags },
      { parent: this },
    );
    new AccessPolicyAssociation(
      this.childName(`${role}-policy`),
      {
        clusterName: this.cluster.name,
        principalArn: entry.principalArn,
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope: { type: "cluster" },
      },
      { parent: this },
    );
  }

  #issuer({ tags }: ControlPlaneArgs): TokenIssuer {
    const url = this.cluster.identities.apply((identities) => identities[0]?.oidcs?.[0]?.issuer ?? "");
    const provider = new OpenIdConnectProvider(
      this.childName("issuer"),
      { url, clientIdLists: ["sts.amazonaws.com"], tags },
      { parent: this },
    );
    return { url, provider: provider.arn };
  }
}
