import { StorageClass } from "@pulumi/kubernetes/storage/v1/storageClass.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import type { PlatformSystem } from "./platformSystem.ts";

/**
 * The default StorageClass of an EKS cluster. EKS has had none since Kubernetes 1.30 (aws/containers-roadmap #1330), so
 * a claim that names no class, such as Prometheus', would wait for ever. AKS and GKE bring theirs.
 */
export class EbsStorageClass extends Component {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("platform:EbsStorageClass", name, {}, opts);
    new StorageClass(this.childName("class"), storageClass, { parent: this });
    this.registerOutputs({});
  }
}

/** The StorageClass that is made. */
export const storageClass = {
  metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "ebs.csi.aws.com",
  parameters: { type: "gp3", encrypted: "true" },
  // A volume is made in the zone of the node that its pod goes to; made earlier, it would tie the pod to a zone.
  volumeBindingMode: "WaitForFirstConsumer",
  allowVolumeExpansion: true,
  reclaimPolicy: "Delete",
} as const;

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
  build: (name, _args, _cluster, opts) => ({ resource: new EbsStorageClass(name, opts), published: {} }),
} as const satisfies PlatformSystem;
