import type { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { type Existing, kubernetesProvider } from "../../components/cluster/gpuCluster.ts";
import { renderedDirectory } from "../../components/cluster/onPrem/siteSettings.ts";
import { readCluster, readSecret } from "../contracts.ts";

/** The provider of one cluster in the layers above it, as the cluster layer published the way there. */
export function providerOf(
  name: string,
  spec: ClusterSpec,
  clusterLayer: pulumi.StackReference,
  existing: Existing = {},
): Provider {
  const renderTo = renderedDirectory(cloudOf(spec).settings(spec));
  if (renderTo !== undefined) return kubernetesProvider(name, { renderTo, cluster: name });
  const access = {
    kubeconfig: readSecret(clusterLayer, "kubeconfigs", name),
    clusterIdentifier: readCluster(clusterLayer, "cluster", name)("clusterIdentifier"),
  };
  return kubernetesProvider(name, access, undefined, existing);
}
