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

export interface ControlPlaneArgs {
  readonly cluster: string;
  readonly account: pulumi.Input<string>;
  readonly kubernetesVersion: KubernetesVersion;
  readonly network: EksNetwork;
  readonly endpoint: Endpoint;
  /** Encrypts Kubernetes Secrets. */
  readonly keyArn: pulumi.Input<string>;
  readonly admins: readonly string[];
  /** What must be there before the first record of the audit log is written. */
  readonly logging: readonly pulumi.Resource[];
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** The Kubernetes control plane of a cluster, who administers it, and what makes its service accounts known to IAM. */
export class ControlPlane extends Component {
  readonly cluster: Cluster;
  readonly certificateAuthority: pulumi.Output<string>;
  /** EKS' own: the control plane's interfaces and all nodes are in it and reach each other. */
  readonly securityGroupId: pulumi.Output<string>;
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
        // Extended support costs six times as much and begins by itself; with this, EKS upgrades instead.
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
        // The add-ons bring network plugin, proxy and DNS; EKS' unmanaged copies of them could not be configured.
        bootstrapSelfManagedAddons: false,
        encryptionConfig: { provider: { keyArn: args.keyArn }, resources: ["secrets"] },
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        zonalShiftConfig: { enabled: true },
        deletionProtection: protect,
        tags,
      },
      { parent: this, protect, dependsOn: [...role.grants, ...args.logging] },
    );
  }

  /** Lets networks that are connected to the VPC reach the private endpoint; without, only nodes and their pods do. */
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
