import { Provider } from "@pulumi/kubernetes/provider.js";
import { expect, it } from "vitest";
import { EbsStorageClass } from "../../../components/platform/ebsStorageClass.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

it("encrypts volumes with the cluster's key, by its ARN, not with the account's default key (aws-ebs-csi-driver #1140)", async () => {
  const volumeKey = "arn:aws:kms:us-east-1:123456789012:key/1234";
  const run = await recorded(() => {
    const provider = new Provider("cluster", { kubeconfig: "{}" });
    new EbsStorageClass("storage", { volumeKey }, { providers: [provider] });
    return {};
  }, {});
  expect(inputsOf(run, "kubernetes:storage.k8s.io/v1:StorageClass").parameters).toEqual({
    type: "gp3",
    encrypted: "true",
    kmsKeyId: volumeKey,
  });
});
