import { Provider } from "@pulumi/azure-native/provider.js";
import { describe, expect, it } from "vitest";
import { AksWorkloadIdentity } from "../../../../components/cluster/aks/aksWorkloadIdentity.ts";
import { shown } from "../../../../plan/shownValues.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers } from "./sample.ts";

const roleAssignment = "azure-native:authorization:RoleAssignment";
const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const scope = {
  cluster: "weu",
  resourceGroupName: "weu",
  location: "westeurope",
  subscription: "11111111-2222-3333-4444-555555555555",
  tags: { environment: "production" },
  protect: true,
};
const args = { resourceGroupId: "group", oidcIssuerUrl: "https://issuer.example.com/", containerId: "container" };

const run = (bind: (identity: AksWorkloadIdentity) => unknown) =>
  recorded(() => {
    const provider = new Provider("weu", { subscriptionId: scope.subscription });
    return { bound: bind(new AksWorkloadIdentity("weu-pods", args, scope, { providers: [provider] })) };
  }, answers);

it("gives a service account an identity of its own, which only it can take", async () => {
  const result = await run((identity) => identity.bind("models", "fraud", { access: "read", prefix: "fraud" }));
  expect(shown(result.outputs)).toEqual({
    bound: {
      annotations: {
        "azure.workload.identity/client-id": "client-of-weu-pods-models_fraud",
      },
      podLabels: { "azure.workload.identity/use": "true" },
    },
  });
  expect(inputsOf(result, "azure-native:managedidentity:FederatedIdentityCredential")).toMatchObject({
    resourceName: "weu-pods-models_fraud",
    issuer: "https://issuer.example.com/",
    subject: "system:serviceaccount:models:fraud",
    audiences: ["api://AzureADTokenExchange"],
  });
});

it("lets a reader read and list below its prefix, and nothing else", async () => {
  const result = await run((identity) => identity.bind("models", "fraud", { access: "read", prefix: "fraud" }));
  expect(inputsOf(result, roleAssignment, "models_fraud-models")).toMatchObject({
    roleDefinitionId: expect.stringMatching(/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1$/),
    principalId: "principal-of-weu-pods-models_fraud",
    scope: "container",
    conditionVersion: "2.0",
    condition: [
      `((!(ActionMatches{'${blobs}/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[${blobs}:path] StringStartsWith 'fraud/'))`,
      `((!(ActionMatches{'${blobs}/read'} AND SubOperationMatches{'Blob.List'})) OR (@Request[${blobs}:prefix] StringStartsWith 'fraud/'))`,
    ].join("\nAND\n"),
  });
  expect(result.resources.some(({ type }) => type === "azure-native:authorization:RoleDefinition")).toBe(false);
});

it("lets a writer write and delete blobs below its prefix, but not the container", async () => {
  const result = await run((identity) => identity.bind("ci", "upload", { access: "write", prefix: "fraud/2" }));
  const { condition } = inputsOf(result, roleAssignment, "ci_upload-models");
  for (const action of ["read", "write", "add/action", "delete"]) expect(condition).toContain(`'${blobs}/${action}'`);
  expect(String(condition).match(/StringStartsWith '([^']*)'/g)).toEqual(Array(5).fill("StringStartsWith 'fraud/2/'"));
  expect(inputsOf(result, "azure-native:authorization:RoleDefinition")).toMatchObject({
    scope: "group",
    assignableScopes: ["group"],
    permissions: [
      {
        actions: [],
        dataActions: [`${blobs}/read`, `${blobs}/write`, `${blobs}/add/action`, `${blobs}/delete`],
      },
    ],
  });
});

it("defines the writer's role once", async () => {
  const result = await run((identity) => {
    identity.bind("ci", "upload", { access: "write", prefix: "fraud" });
    identity.bind("ci", "sync", { access: "write", prefix: "churn" });
    return undefined;
  });
  expect(result.resources.filter(({ type }) => type === "azure-native:authorization:RoleDefinition")).toHaveLength(1);
});

it("keeps pairs apart whose names run together the same", async () => {
  const result = await run((identity) => {
    identity.bind("a-b", "c", { access: "read", prefix: "x" });
    identity.bind("a", "b-c", { access: "read", prefix: "x" });
    return undefined;
  });
  const names = result.resources
    .filter(({ type }) => type === "azure-native:managedidentity:UserAssignedIdentity")
    .map(({ props }) => props.resourceName);
  expect(new Set(names).size).toBe(names.length);
});

it("names role assignments the same in every run, and apart by role", async () => {
  const nameOf = async (access: "read" | "write") =>
    inputsOf(await run((identity) => identity.bind("m", "s", { access, prefix: "x" })), roleAssignment, "m_s-models")
      .roleAssignmentName;
  expect(await nameOf("read")).toBe(await nameOf("read"));
  expect(await nameOf("read")).not.toBe(await nameOf("write"));
});

describe("a binding that cannot be", () => {
  it("is one that is there already", async () => {
    const twice = run((identity) => {
      identity.bind("models", "fraud", { access: "read", prefix: "fraud" });
      return identity.bind("models", "fraud", { access: "write", prefix: "fraud" });
    });
    await expect(twice).rejects.toThrow('bind("models/fraud"): it is bound already. Bind a service account once.');
  });

  it.each(["", "/fraud", "fraud/", "fraud//2", "x' OR 'a' StringEquals 'a"])(
    "is one with the prefix %j",
    async (prefix) => {
      await expect(run((identity) => identity.bind("m", "s", { access: "read", prefix }))).rejects.toThrow(
        `bind("m/s").prefix: "${prefix}" is not a prefix: names of A-Z, a-z, 0-9, ".", "_" and "-" with a "/" between them. Write, for example, "fraud".`,
      );
    },
  );
});
