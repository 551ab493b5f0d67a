import type { RuleBook } from "../ruleBook.ts";
import type { AksDeclaration } from "./aksArgs.ts";

/** The resource providers of everything that the AKS component makes. */
const resourceProviders = [
  "Microsoft.Compute",
  "Microsoft.ContainerService",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.Storage",
];

/** What Azure refuses, keeps, or needs beforehand. */
export const azureRuleBook = {
  "resource-providers": {
    kind: "needs",
    says: `The subscription has these resource providers registered: ${resourceProviders.join(", ")}. A new one lacks most of them.`,
    source: 'Azure documentation, "Azure resource providers and types"; pulumi/pulumi-azure-native #3479',
    command: () => `for p in ${resourceProviders.join(" ")}; do az provider register --wait --namespace $p; done`,
  },
  "encryption-at-host": {
    kind: "needs",
    says: "The subscription has the feature EncryptionAtHost of Microsoft.Compute registered.",
    source: 'AKS documentation, "Host-based encryption on AKS"',
    command: () => "az feature register --namespace Microsoft.Compute --name EncryptionAtHost",
  },
} as const satisfies RuleBook<AksDeclaration>;
