import { StorageClass } from "@pulumi/kubernetes/storage/v1/storageClass.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";

/**
 * The default StorageClass of an EKS cluster. EKS has had none since Kubernetes 1.30 (aws/containers-roadmap #1330), so a claim that names
 * no class, such as Prometheus', would wait for ever. AKS and GKE bring theirs.
 */
export class EbsStorageClass extends Component {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("platform:EbsStorageClass", name, {}, opts);
    new StorageClass(this.childName("class"), ebsStorageClass, { parent: this });
    this.registerOutputs({});
  }
}

export const ebsStorageClass = {
  metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "ebs.csi.aws.com",
  parameters: { type: "gp3", encrypted: "true" },
  // A volume is made in the zone of the node that its pod goes to; made earlier, it would tie the pod to a zone.
  volumeBindingMode: "WaitForFirstConsumer",
  allowVolumeExpansion: true,
  reclaimPolicy: "Delete",
} as const;
