import { Provider } from "@pulumi/azure-native/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { defaultKubernetesVersion } from "../../core/kubernetesVersions.ts";
import type { Problem } from "../../core/problem.ts";
import { mirrorProblems, mirrorSettings, type WithRegistryMirror } from "../../core/registryMirror.ts";
import { type CloudAdapter, type ConfigurationKey, type ConfigurationValue, nameInCloud } from "../cloudAdapter.ts";
import { ingressProblems, loadBalancer, type WithIngress } from "../ingress.ts";
import { quotaNeeds } from "../quota.ts";
import type { AksDeclaration } from "./aksArgs.ts";
import { AksCluster, longestName } from "./aksCluster.ts";
import { aksGpuPools } from "./aksPools.ts";
import { isUuid, uploadCidrProblems, validateAksCluster } from "./aksProblems.ts";
import { clientIdAnnotation, tokenLabels } from "./aksWorkloadIdentity.ts";
import { azureBilling } from "./azureBilling.ts";
import { azureMachines } from "./azureMachines.ts";
import { azureRuleBook } from "./azureRuleBook.ts";
import { azureRules, isGrid } from "./azureRules.ts";
import { classicAzureProvider } from "./classicAzure.ts";
import { aksSystemNodes, aksSystemQuota } from "./managedClusterArgs.ts";

/** A declared AKS cluster. Its account comes from configuration: `serin:azureSubscription` and `serin:azureTenant`. */
export type AzureClusterSpec = { readonly cloud: "azure" } & WithIngress & WithRegistryMirror & AksDeclaration;

/** Microsoft Azure, with AKS. */
export const azure: CloudAdapter<AzureClusterSpec> = {
  rules: azureRules,
  ruleBook: azureRuleBook,
  adopted: false,
  longestName,
  identityMarks: { annotations: [clientIdAnnotation], podLabels: tokenLabels },
  brings: [],
  needs: () => [],
  // AKS's admissions enforcer adds to each `namespaceSelector`, and is then its owner: the next change of the webhook
  // would be a field conflict (Azure/AKS #1771, #4002; istio #57733).
  webhookAnnotations: { "admissions.enforcer/disabled": "true" },
  starter: {
    region: "westeurope",
    cluster: (region) => ({
      cloud: "azure",
      region,
      zones: ["1", "2", "3"],
      cidr: "10.16.0.0/16",
      kubernetesVersion: defaultKubernetesVersion,
      admins: ["00000000-0000-0000-0000-000000000000"],
      labels: {},
    }),
  },
  problems: (spec) => [...validateAksCluster(spec), ...ingressProblems(spec), ...mirrorProblems(spec)],
  gpuPools: aksGpuPools,
  systemNodes: aksSystemNodes,
  region: ({ region }) => region,
  kubernetesVersion: ({ kubernetesVersion }) => kubernetesVersion,
  beforeUpgrade: ({ nodesVersion }) =>
    nodesVersion === undefined
      ? 'Take kubernetesVersion back, declare nodesVersion with the same version, bring the cluster layer up, and go on as docs/clusters/aks.md says ("Upgrade").'
      : undefined,
  signIn: (configured) => [
    `az login --tenant ${configured("azureTenant")} && az account set --subscription ${configured("azureSubscription")}`,
  ],
  decide: ({ endpoint = { kind: "private" }, peerings = {}, uploadCidrs = [] }) => [
    ...(endpoint.kind === "private" && Object.keys(peerings).length === 0
      ? [
          'Only machines in the cluster\'s own network reach its API server. For others declare peerings, or endpoint: { kind: "public", cidrs } now: once the cluster is made, that change is a preview feature of Azure.',
        ]
      : []),
    ...(Array.isArray(uploadCidrs) && uploadCidrs.length === 0
      ? ["Its model store takes uploads from the subnet of its nodes only. For other addresses declare uploadCidrs."]
      : []),
  ],
  connect({ endpoint = { kind: "private" }, peerings = {} }) {
    if (endpoint.kind === "public") return [];
    const way =
      Object.keys(peerings).length > 0
        ? `Have the owners of ${Object.keys(peerings).join(", ")} make the other half of the peering`
        : "Make a machine in the cluster's network and run serin there";
    return [{ says: `${way}: docs/clusters/aks.md, "First day".` }];
  },
  upload(_spec, name, versions) {
    const account = 'account=$(echo "$store" | cut -d/ -f3)';
    const scope = `"$(az storage account show --resource-group ${name} --name $account --query id --output tsv)"`;
    const me = '"$(az ad signed-in-user show --query id --output tsv)"';
    return [
      {
        command: `${account}; az role assignment create --role "Storage Blob Data Contributor" --assignee ${me} --scope ${scope}   # known in minutes`,
      },
      ...versions.map(({ from, to }) => ({
        command: `az storage blob upload-batch --auth-mode login --account-name $account --destination models --destination-path ${to} --source ${from}`,
      })),
    ];
  },
  blocks: ({ cidr }) => [cidr],
  modelStore: (_spec, url) => ({ kind: "azureBlob", url }),
  cloudDriver({ gpuPools }, pool) {
    const machine = gpuPools?.[pool]?.machine;
    const { cuda, grid } = azureRules.drivers;
    return (machine !== undefined && isGrid(azureMachines[machine]) ? grid : cuda).version;
  },
  billing: azureBilling,
  quota: (spec) => quotaNeeds(azureRules, spec.region, spec.gpuPools ?? {}, aksSystemQuota(spec)),
  // Cloud Provider Azure documentation, "Azure LoadBalancer", annotations of Services.
  loadBalancer: (spec) =>
    loadBalancer(spec, {
      internal: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" },
      public: {},
    }),
  settings: mirrorSettings,
  configuration: ({ uploadCidrs }) => ({
    values: [
      {
        key: "azureSubscription",
        word: '"$(az account show --query id --output tsv)"',
        problems: idProblems("a subscription", "az account show --query id --output tsv"),
      },
      {
        key: "azureTenant",
        word: '"$(az account show --query tenantId --output tsv)"',
        problems: idProblems("a tenant of Entra", "az account show --query tenantId --output tsv"),
      },
      ...(isConfigured(uploadCidrs) ? [uploadKey(uploadCidrs)] : []),
    ],
    secrets: [],
  }),
  kubeconfigSecret: () => undefined,
  build(
    { cloud: _, ingress: _ingress, registryMirror: _mirror, uploadCidrs, ...args },
    { environment, key, configured },
  ) {
    const name = nameInCloud(environment, key);
    const uploads = isConfigured(uploadCidrs)
      ? pulumi.output(configuredAddresses(configured(uploadCidrs.configuration)))
      : uploadCidrs;
    const subscription = configured("azureSubscription");
    const tenant = configured("azureTenant");
    const provider = new Provider(name, { subscriptionId: subscription, tenantId: tenant, location: args.region });
    const classic = classicAzureProvider(name, { subscription, tenant });
    return new AksCluster(
      name,
      { ...args, subscription, tenant, ...(uploads === undefined ? {} : { uploadCidrs: uploads }) },
      { providers: [provider, classic] },
    );
  },
};

function isConfigured(uploadCidrs: AksDeclaration["uploadCidrs"]): uploadCidrs is ConfigurationValue {
  return uploadCidrs !== undefined && "configuration" in uploadCidrs;
}

function uploadKey({ configuration }: ConfigurationValue): ConfigurationKey {
  return {
    key: configuration,
    // The address that this machine has on the internet; several are divided by commas.
    word: '"$(curl -s https://checkip.amazonaws.com)"',
    problems: (path, value) => uploadCidrProblems(path, configuredAddresses(value)),
  };
}

/** Names of accounts and vaults have a hash of the subscription's id, so another text would name others. */
function idProblems(what: string, command: string) {
  return (path: string, id: string): Problem[] =>
    isUuid(id)
      ? []
      : [
          {
            path,
            reason: `"${id}" is not the id of ${what}, a UUID.`,
            fix: `Write what \`${command}\` prints.`,
          },
        ];
}

function configuredAddresses(value: string): string[] {
  return value.split(",").map((address) => address.trim());
}
