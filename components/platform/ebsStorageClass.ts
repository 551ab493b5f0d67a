import { StorageClass } from "@pulumi/kubernetes/storage/v1/storageClass.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import type { PlatformSystem } from "./platformSystem.ts";

/** How the volumes of the default StorageClass are made. */
export interface EbsStorageClassArgs {
  /**
   * ARN of the KMS key that encrypts volumes (`kmsKeyId`): the EBS CSI driver of the cluster may use it. Without one
   * EBS takes the account's default key, and where that is a customer's own the driver may not use it, so that no
   * volume is ever made (kubernetes-sigs/aws-ebs-csi-driver #935, #1140). Changing it replaces the class; volumes stay
   * as they are.
   */
  readonly volumeKey: pulumi.Input<string>;
}

/**
 * The default StorageClass of an EKS cluster. EKS has had none since Kubernetes 1.30 (aws/containers-roadmap #1330), so
 * a claim that names no class, such as Prometheus', would wait for ever. AKS and GKE bring theirs.
 */
export class EbsStorageClass extends Component {
  constructor(name: string, { volumeKey }: EbsStorageClassArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:EbsStorageClass", name, {}, opts);
    new StorageClass(
      this.childName("class"),
      {
        metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        provisioner: "ebs.csi.aws.com",
        parameters: { type: "gp3", encrypted: "true", kmsKeyId: volumeKey },
        // A volume is made in the zone of the node that its pod goes to; made earlier, it would tie the pod to a zone.
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
        reclaimPolicy: "Delete",
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** The default StorageClass of EKS, as the platform sees it. */
export const ebsStorageClass = {
  title: "EBS StorageClass",
  componentName: "storage",
  declared: "derived",
  fallback: {},
  onlyWhereNeeded: true,
  after: [],
  namespaces: [],
  requirements: [],
  webhookPorts: [],
  asks: {},
  providesStorageClass: true,
  runsOn: () => true,
  problems: () => [],
  installed: (args) => args,
  build: (name, _args, { published }, opts) => ({
    resource: new EbsStorageClass(name, { volumeKey: published("volumeKey") }, opts),
    published: {},
  }),
} as const satisfies PlatformSystem;
