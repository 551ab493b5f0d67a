import { RoleDefinition } from "@pulumi/azure-native/authorization/roleDefinition.js";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { shortened } from "../../core/names.ts";
import {
  bindingProblems,
  type IdentityBinding,
  type StorePermission,
  type WorkloadIdentity,
} from "../workloadIdentity.ts";
import { knownName, stableUuid } from "./aksNames.ts";
import { assignRole, managedIdentity } from "./aksRoles.ts";
import type { AksScope } from "./aksScope.ts";

/** Names the identity on a service account that is bound. */
export const clientIdAnnotation = "azure.workload.identity/client-id";

/** Has the webhook of AKS give a pod its token (Azure/azure-workload-identity). */
export const tokenLabels = { "azure.workload.identity/use": "true" } as const;

export interface AksWorkloadIdentityArgs {
  /** The id of the resource group, in which our own role may be assigned. */
  readonly resourceGroupId: pulumi.Input<string>;
  readonly oidcIssuerUrl: pulumi.Input<string>;
  readonly containerId: pulumi.Input<string>;
}

/**
 * An identity for each service account, with which its pods get a token of Entra for their own. Each has one federated
 * credential, so that no two of one identity are ever written at once, which Azure refuses.
 */
export class AksWorkloadIdentity extends Component implements WorkloadIdentity {
  readonly kind = "federatedCredential";
  readonly #args: AksWorkloadIdentityArgs;
  readonly #scope: AksScope;
  readonly #bound = new Set<string>();
  #writer: { readonly name: string; readonly id: pulumi.Input<string> } | undefined;

  constructor(name: string, args: AksWorkloadIdentityArgs, scope: AksScope, opts: pulumi.ComponentResourceOptions) {
    super("cluster:AksWorkloadIdentity", name, {}, opts);
    this.#args = args;
    this.#scope = scope;
    this.registerOutputs({});
  }

  bind(namespace: string, serviceAccount: string, permission: StorePermission): IdentityBinding {
    const pair = `${namespace}/${serviceAccount}`;
    this.reject(bindingProblems(this.#bound, pair, permission));
    this.#bound.add(pair);

    const { containerId, oidcIssuerUrl } = this.#args;
    // No name of Kubernetes has a "_", so two pairs never share a name.
    const name = this.childName(`${namespace}_${serviceAccount}`);
    const identity = managedIdentity(name, this.#scope, { parent: this });
    new FederatedIdentityCredential(
      `${name}-token`,
      {
        federatedIdentityCredentialResourceName: "kubernetes",
        resourceName: knownName(identity, shortened(name, 128)),
        resourceGroupName: this.#scope.resourceGroupName,
        issuer: oidcIssuerUrl,
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
        audiences: ["api://AzureADTokenExchange"],
      },
      { parent: this },
    );
    assignRole(
      `${name}-models`,
      {
        role: permission.access === "write" ? this.#writerRole() : "Storage Blob Data Reader",
        identity,
        on: containerId,
        condition: prefixCondition(permission),
      },
      this.#scope,
      { parent: this },
    );
    return {
      annotations: { [clientIdAnnotation]: identity.clientId },
      podLabels: tokenLabels,
    };
  }

  /**
   * A role of ours, made for the first that writes: Azure's Storage Blob Data Contributor may also delete the
   * container.
   */
  #writerRole(): { readonly name: string; readonly id: pulumi.Input<string> } {
    if (this.#writer === undefined) {
      const { resourceGroupId } = this.#args;
      const { cluster, subscription } = this.#scope;
      const name = this.childName("writer");
      const uuid = pulumi.output(subscription).apply((id) => stableUuid(id, name));
      const definition = new RoleDefinition(
        name,
        {
          roleDefinitionId: uuid,
          // Unique in the tenant.
          roleName: pulumi.interpolate`Model writer of ${cluster} (${uuid})`,
          description: `Reads, writes and deletes blobs in the model store of ${cluster}.`,
          roleType: "CustomRole",
          scope: resourceGroupId,
          assignableScopes: [resourceGroupId],
          permissions: [
            { actions: [], notActions: [], dataActions: [...readActions, ...writeActions], notDataActions: [] },
          ],
        },
        { parent: this },
      );
      this.#writer = { name, id: definition.id };
    }
    return this.#writer;
  }
}

const containers = "Microsoft.Storage/storageAccounts/blobServices/containers";
const read = `${containers}/blobs/read`;

/** What a writer does besides reading. */
export const writeActions = ["write", "add/action", "delete"].map((action) => `${containers}/blobs/${action}`);
export const readActions = [read];

/**
 * Limits a role on a container to the blobs below a prefix, in the language of role assignment conditions: each line is
 * "this action is not asked for, or the path is right". Listing is part of reading but names a prefix, not a path, so
 * it has a line of its own (MicrosoftDocs/azure-docs `articles/storage/blobs/storage-auth-abac-attributes.md`).
 */
export function prefixCondition({ access, prefix }: StorePermission): string {
  const below = `StringStartsWith '${prefix}/'`;
  const pathBelow = `@Resource[${containers}/blobs:path] ${below}`;
  const listBelow = `@Request[${containers}/blobs:prefix] ${below}`;
  return [
    unless(`ActionMatches{'${read}'} AND NOT SubOperationMatches{'Blob.List'}`, pathBelow),
    unless(`ActionMatches{'${read}'} AND SubOperationMatches{'Blob.List'}`, listBelow),
    ...(access === "write" ? writeActions.map((action) => unless(`ActionMatches{'${action}'}`, pathBelow)) : []),
  ].join("\nAND\n");
}

function unless(asked: string, allowed: string): string {
  return `((!(${asked})) OR (${allowed}))`;
}
