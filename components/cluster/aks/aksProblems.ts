import { dnsLabelProblems } from "../../core/names.ts";
import { type Problem, unknownChoice } from "../../core/problem.ts";
import { type ConfigurationValue, stackSettings } from "../cloudAdapter.ts";
import { cloudClusterProblems } from "../cloudCluster.ts";
import { aligned, isCidr, isUnrouted } from "../network.ts";
import { ruleProblems } from "../ruleBook.ts";
import type { AksClusterArgs, AksDeclaration } from "./aksArgs.ts";
import { kubeLogins } from "./aksKubeconfig.ts";
import { azureRuleBook } from "./azureRuleBook.ts";
import { azureRules } from "./azureRules.ts";
import { systemMachineOf } from "./systemMachine.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID, as ids of Azure and Entra are. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** Everything wrong with a declared cluster of AKS, with paths as in the declaration. */
export function validateAksCluster(
  args: Omit<AksDeclaration, "uploadCidrs"> & Pick<AksClusterArgs | AksDeclaration, "uploadCidrs">,
): Problem[] {
  const { admins, endpoint, login = "azurecli", peerings = {}, systemMachine, uploadCidrs = [] } = args;
  return [
    ...cloudClusterProblems(azureRules, args),
    ...ruleProblems(azureRuleBook, args),
    ...admins.flatMap((admin, index) =>
      isUuid(admin)
        ? []
        : [
            {
              path: `admins[${index}]`,
              reason: `"${admin}" is not the object id of a group in Entra.`,
              fix: "Write what `az ad group show --group <name> --query id` prints.",
            },
          ],
    ),
    ...(endpoint?.kind === "public" ? publicEndpointProblems(endpoint.cidrs) : []),
    ...Object.entries(peerings).flatMap(([key, id]) => peeringProblems(`peerings["${key}"]`, key, id)),
    ...(kubeLogins.includes(login) ? [] : [unknownChoice("login", login, kubeLogins)]),
    ...(systemMachine === undefined || systemMachineOf(systemMachine) !== undefined
      ? []
      : [
          {
            path: "systemMachine",
            reason: `"${systemMachine}" is not a machine as Azure writes them.`,
            fix: 'Write, for example, "Standard_D4ds_v5".',
          },
        ]),
    ...("configuration" in uploadCidrs ? keyProblems(uploadCidrs) : []),
    ...(Array.isArray(uploadCidrs) ? uploadCidrProblems("uploadCidrs", uploadCidrs) : []),
  ];
}

/**
 * Problems of addresses that the model store admits. Storage accepts single addresses without a suffix, and no /31 or
 * /32 (learn.microsoft.com "storage-network-security").
 */
export function uploadCidrProblems(path: string, addresses: readonly string[]): Problem[] {
  return addressProblems(path, addresses, 30);
}

function keyProblems({ configuration }: ConfigurationValue): Problem[] {
  if (stackSettings.includes(configuration)) {
    return [
      {
        path: "uploadCidrs.configuration",
        reason: `"${configuration}" is the key of another setting of a stack.`,
        fix: 'Write, for example, "azureUploadCidrs".',
      },
    ];
  }
  return /^[\w.-]{1,253}$/.test(configuration)
    ? []
    : [
        {
          path: "uploadCidrs.configuration",
          reason: `"${configuration}" is not a configuration key: letters, digits, ".", "_" and "-", without the project.`,
          fix: 'Write, for example, "azureUploadCidrs", and set it with: pulumi config set azureUploadCidrs <addresses>.',
        },
      ];
}

const virtualNetwork =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+$/i;

function peeringProblems(path: string, key: string, id: string): Problem[] {
  return [
    ...dnsLabelProblems(path, key, 40),
    ...(virtualNetwork.test(id)
      ? []
      : [
          {
            path,
            reason: `"${id}" is not the id of a virtual network.`,
            fix: "Write what `az network vnet show --resource-group <group> --name <network> --query id` prints.",
          },
        ]),
  ];
}

function publicEndpointProblems(cidrs: readonly string[]): Problem[] {
  return cidrs.length > 0
    ? addressProblems("endpoint.cidrs", cidrs, 32)
    : [
        {
          path: "endpoint.cidrs",
          reason: "there is none, which AKS takes as the whole internet.",
          fix: 'Name the addresses that are let in, or write { kind: "private" }.',
        },
      ];
}

/** Problems of public addresses to admit: `203.0.113.7`, or a block such as `203.0.113.0/24`, from /8 to /`longest`. */
export function addressProblems(path: string, addresses: readonly string[], longest: number): Problem[] {
  return addresses.flatMap((address, index) => {
    const reason = refusal(address, longest) ?? (addresses.indexOf(address) < index ? "is there twice" : undefined);
    return reason === undefined
      ? []
      : [
          {
            path: `${path}[${index}]`,
            reason: `"${address}" ${reason}.`,
            fix: 'Write, for example, "203.0.113.0/24".',
          },
        ];
  });
}

function refusal(address: string, longest: number): string | undefined {
  const block = address.includes("/") ? address : `${address}/32`;
  if (!isCidr(block)) return "is not an IPv4 address or a block of them";
  if (aligned(block) !== block) return "does not begin where a block of its size can";
  const subnetMask = Number(block.split("/")[1]);
  if (subnetMask < 8) return "is a large part of the internet";
  if (isUnrouted(block)) return "is private, but is seen from outside";
  if (address.includes("/") && subnetMask > longest)
    return `is smaller than /${longest}, the smallest block that is taken`;
  return undefined;
}
