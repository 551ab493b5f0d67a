import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as GcpProvider } from "@pulumi/gcp/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { AksCluster, classicAzureProvider } from "../../components/cluster/aks/aksCluster.ts";
import { EksCluster } from "../../components/cluster/eks/eksCluster.ts";
import { GkeCluster } from "../../components/cluster/gke/gkeCluster.ts";
import type { GpuCluster } from "../../components/cluster/gpuCluster.ts";
import { OnPremCluster } from "../../components/cluster/onPrem/onPremCluster.ts";
import {
  type AwsClusterSpec,
  type AzureClusterSpec,
  type ClusterSpec,
  type GcpClusterSpec,
  nameInCloud,
  type OnPremClusterSpec,
  onPremArgs,
} from "../environments/clusterSpec.ts";

/** Makes, or adopts, one cluster of an environment. */
export function buildCluster(environment: string, key: string, spec: ClusterSpec): GpuCluster {
  switch (spec.cloud) {
    case "aws":
      return awsCluster(nameInCloud(environment, key), spec);
    case "azure":
      return azureCluster(nameInCloud(environment, key), spec);
    case "gcp":
      return gcpCluster(nameInCloud(environment, key), spec);
    case "onPrem":
      return onPremCluster(key, spec);
  }
}

function awsCluster(name: string, { cloud: _, ...args }: AwsClusterSpec): GpuCluster {
  const account = new pulumi.Config().require("awsAccount");
  const provider = new AwsProvider(name, { region: args.region, allowedAccountIds: [account] });
  return new EksCluster(name, { ...args, account }, { providers: [provider] });
}

function azureCluster(name: string, { cloud: _, ...args }: AzureClusterSpec): GpuCluster {
  const config = new pulumi.Config();
  const subscription = config.require("azureSubscription");
  const tenant = config.require("azureTenant");
  const provider = new AzureProvider(name, { subscriptionId: subscription, tenantId: tenant, location: args.region });
  const classic = classicAzureProvider(name, { subscription, tenant });
  return new AksCluster(name, { ...args, subscription, tenant }, { providers: [provider, classic] });
}

function gcpCluster(name: string, { cloud: _, ...args }: GcpClusterSpec): GpuCluster {
  const config = new pulumi.Config();
  const project = config.require("gcpProject");
  const provider = new GcpProvider(name, { project, region: args.region });
  const projectNumber = config.require("gcpProjectNumber");
  return new GkeCluster(name, { ...args, project, projectNumber }, { providers: [provider] });
}

/** Its key alone names it: nothing of it is made, and the stack says which environment it is in. */
function onPremCluster(key: string, spec: OnPremClusterSpec): GpuCluster {
  const config = new pulumi.Config();
  const identifier = `${pulumi.getProject()}/${key}`;
  return new OnPremCluster(
    key,
    onPremArgs(spec, identifier, (name) => config.requireSecret(name)),
  );
}
