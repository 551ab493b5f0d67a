import { Provider } from "@pulumi/azure-native/provider.js";
import type { AksClusterArgs } from "../../../../components/cluster/aks/aksArgs.ts";
import { AksCluster } from "../../../../components/cluster/aks/aksCluster.ts";
import { classicAzureProvider } from "../../../../components/cluster/aks/classicAzure.ts";
import type { Answers } from "../harness.ts";

const subscription = "11111111-2222-3333-4444-555555555555";
const tenant = "99999999-8888-7777-6666-555555555555";
export const reservation = `/subscriptions/${subscription}/resourceGroups/capacity/providers/Microsoft.Compute/capacityReservationGroups/a100`;
export const reserved = { kind: "reserved", reservation } as const;

/** The id of a virtual network. */
export const network = (name: string) =>
  `/subscriptions/${subscription}/resourceGroups/ops/providers/Microsoft.Network/virtualNetworks/${name}`;

export const sampleArgs = {
  subscription,
  tenant,
  region: "westeurope",
  zones: ["1", "2", "3"],
  cidr: "10.32.0.0/16",
  kubernetesVersion: "1.35",
  admins: ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
  labels: { environment: "production", region: "west-eu" },
  gpuPools: {
    t4: { machine: "Standard_NC16as_T4_v3", min: 1, max: 8, sharing: { kind: "timeSlicing", replicas: 4 } },
    "t4-spot": { machine: "Standard_NC16as_T4_v3", min: 0, max: 4, purchase: { kind: "spot" } },
    slices: { machine: "Standard_NC24ads_A100_v4", min: 0, max: 2, sharing: { kind: "mig", profile: "1g.10gb" } },
    a10: { machine: "Standard_NV36ads_A10_v5", min: 0, max: 2, labels: { "example.com/team": "vision" } },
    h100: {
      machine: "Standard_ND96isr_H100_v5",
      min: 0,
      max: 2,
      placement: "compact",
      zones: ["2"],
    },
    a100: { machine: "Standard_NC24ads_A100_v4", min: 0, max: 2, purchase: reserved },
  },
  auditStore: { retentionDays: 730 },
  uploadCidrs: ["203.0.113.0/24"],
} as const satisfies AksClusterArgs;

export const sampleName = "prod-azure-weu";

/** Makes the cluster of a stack, with the providers that the stack would make. */
export function build(args: AksClusterArgs = sampleArgs, name = sampleName): AksCluster {
  const native = new Provider(name, { subscriptionId: args.subscription, tenantId: args.tenant });
  const classic = classicAzureProvider(name, args);
  return new AksCluster(name, args, { providers: [native, classic] });
}

/** As kubelogin's configuration comes from Azure, with a device code to be typed in. */
export const azureCredentials = `apiVersion: v1
kind: Config
clusters:
- name: ${sampleName}
  cluster:
    server: https://prod-azure-weu-1a2b3c4d.hcp.westeurope.azmk8s.io:443
    certificate-authority-data: Y2VydGlmaWNhdGU=
contexts:
- name: ${sampleName}
  context: { cluster: ${sampleName}, user: clusterUser_${sampleName} }
current-context: ${sampleName}
users:
- name: clusterUser_${sampleName}
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --environment, AzurePublicCloud, --login, devicecode]
`;

export const answers: Answers = {
  outputs: {
    "azure-native:managedidentity:UserAssignedIdentity": (_, name) => ({
      principalId: `principal-of-${name}`,
      clientId: `client-of-${name}`,
    }),
    "azure-native:keyvault:Key": (inputs) => ({
      keyUriWithVersion: `https://${String(inputs.vaultName)}.vault.azure.net/keys/key/0123456789abcdef0123456789abcdef`,
    }),
    "azure-native:containerservice:ManagedCluster": () => ({
      oidcIssuerProfile: { enabled: true, issuerURL: `https://westeurope.oic.prod-aks.azure.com/${tenant}/1/` },
    }),
  },
  functions: {
    "azure-native:containerservice:listManagedClusterUserCredentials": {
      kubeconfigs: [{ name: "clusterUser", value: Buffer.from(azureCredentials).toString("base64") }],
    },
  },
};
