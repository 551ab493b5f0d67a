import { expect, it } from "vitest";
import type { AksDeclaration } from "../../../../components/cluster/aks/aksArgs.ts";
import { validateAksCluster } from "../../../../components/cluster/aks/aksProblems.ts";
import { sampleArgs } from "./sample.ts";

const problemsOf = (change: Partial<AksDeclaration>) => validateAksCluster({ ...sampleArgs, ...change });

it("has nothing to say about a cluster as it should be", () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ endpoint: { kind: "public", cidrs: ["203.0.113.7", "198.51.100.0/24"] } })).toEqual([]);
  expect(problemsOf({ endpoint: { kind: "private" }, login: "spn", systemMachine: "Standard_D8ds_v5" })).toEqual([]);
});

it("says what is wrong with what all clouds have in common", () => {
  expect(problemsOf({ region: "us-east-1", cidr: "8.8.0.0/16" }).map(({ path }) => path)).toEqual(["region", "cidr"]);
});

it("wants administrators as the ids of groups", () => {
  expect(problemsOf({ admins: ["platform-team@example.com"] })).toEqual([
    {
      path: "admins[0]",
      reason: '"platform-team@example.com" is not the object id of a group in Entra.',
      fix: "Write what `az ad group show --group <name> --query id` prints.",
    },
  ]);
});

it("does not open a public endpoint to everyone", () => {
  expect(problemsOf({ endpoint: { kind: "public", cidrs: [] } })).toEqual([
    {
      path: "endpoint.cidrs",
      reason: "there is none, which AKS takes as the whole internet.",
      fix: 'Name the addresses that are let in, or write { kind: "private" }.',
    },
  ]);
  expect(problemsOf({ endpoint: { kind: "public", cidrs: ["0.0.0.0/0"] } })).toEqual([
    {
      path: "endpoint.cidrs[0]",
      reason: '"0.0.0.0/0" is a large part of the internet.',
      fix: 'Write, for example, "203.0.113.0/24".',
    },
  ]);
});

it("wants addresses as Azure sees them from outside", () => {
  const fix = 'Write, for example, "203.0.113.0/24".';
  expect(
    problemsOf({ uploadCidrs: ["office", "10.1.2.0/24", "203.0.113.1/24", "203.0.113.0/31", "203.0.113.9"] }),
  ).toEqual([
    { path: "uploadCidrs[0]", reason: '"office" is not an IPv4 address or a block of them.', fix },
    { path: "uploadCidrs[1]", reason: '"10.1.2.0/24" is private, but is seen from outside.', fix },
    { path: "uploadCidrs[2]", reason: '"203.0.113.1/24" does not begin where a block of its size can.', fix },
    { path: "uploadCidrs[3]", reason: '"203.0.113.0/31" is smaller than /30, the smallest block that is taken.', fix },
  ]);
});

it("takes them from configuration, by a key that can be one", () => {
  expect(problemsOf({ uploadCidrs: { configuration: "azureUploadCidrs" } })).toEqual([]);
  expect(problemsOf({ uploadCidrs: { configuration: "clusterStack" } })).toEqual([
    {
      path: "uploadCidrs.configuration",
      reason: '"clusterStack" is the key of another setting of a stack.',
      fix: 'Write, for example, "azureUploadCidrs".',
    },
  ]);
  expect(problemsOf({ uploadCidrs: { configuration: "203.0.113.0/24" } })).toEqual([
    {
      path: "uploadCidrs.configuration",
      reason: '"203.0.113.0/24" is not a configuration key: letters, digits, ".", "_" and "-", without the project.',
      fix: 'Write, for example, "azureUploadCidrs", and set it with: pulumi config set azureUploadCidrs <addresses>.',
    },
  ]);
});

it("knows the ways to log in that no person is needed for", () => {
  expect(problemsOf({ login: "devicecode" as never })).toEqual([
    { path: "login", reason: '"devicecode" is not one of "azurecli", "spn", "workloadidentity", "msi".' },
  ]);
});

it("wants a machine of Azure for the system pool", () => {
  expect(problemsOf({ systemMachine: "m6i.large" })).toEqual([
    {
      path: "systemMachine",
      reason: '"m6i.large" is not a machine as Azure writes them.',
      fix: 'Write, for example, "Standard_D4ds_v5".',
    },
  ]);
});

it("wants networks to connect by their ids", () => {
  const id = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";
  expect(problemsOf({ peerings: { hub: id } })).toEqual([]);
  expect(problemsOf({ peerings: { hub: "hub-vnet" } })).toEqual([
    {
      path: 'peerings["hub"]',
      reason: '"hub-vnet" is not the id of a virtual network.',
      fix: "Write what `az network vnet show --resource-group <group> --name <network> --query id` prints.",
    },
  ]);
});
