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

/** Annotation of a bound ServiceAccount: client id of its managed identity. */
export const clientIdAnnotation = "azure.workload.identity/client-id";

/** Label of a pod to which the webhook of AKS adds its token (Azure/azure-workload-identity). */
export const tokenLabels = { "azure.workload.identity/use": "true" } as const;

/** Which cluster's tokens are trusted, and what its pods get access to. */
export interface AksWorkloadIdentityArgs {
  /** ARM id of the resource group: `assignableScopes` of the custom role for writers. */
  readonly resourceGroupId: pulumi.Input<string>;
  /** `issuer` of each federated credential: the `issuerURL` of the cluster's OIDC profile. */
  readonly oidcIssuerUrl: pulumi.Input<string>;
  /** ARM id of the model store's container, on which roles are granted. A change replaces the grants. */
  readonly containerId: pulumi.Input<string>;
}

/**
 * A managed identity for each ServiceAccount. Its pods exchange their token of Kubernetes for one of Entra. Each
 * identity has one federated credential only, since Azure refuses to write two of one identity at once.
 */
export class AksWorkloadIdentity extends Component implements WorkloadIdentity {
  /** Tells this identity from those of other clouds. */
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

  /**
   * Grants a ServiceAccount reads, or reads and writes, of blobs below the prefix. Another access replaces the grant.
   * Returns the annotation and the label without which its pods get no token.
   *
   * @throws ResourceError when the pair is bound already or the prefix is not a plain path.
   */
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
   * The custom role for writers, made for the first of them. The built-in Storage Blob Data Contributor may also delete
   * the container.
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
          // Azure refuses two roles of one name in a tenant.
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

/** Data actions of a writer, besides those of a reader. */
const writeActions = ["write", "add/action", "delete"].map((action) => `${containers}/blobs/${action}`);
const readActions = [read];

/**
 * Limits a role on a container to blobs below a prefix, in the language of role assignment conditions. Each line means:
 * the request is for another action, or its path begins with the prefix. A list is a read that names a prefix and no
 * path, so it has a line of its own (MicrosoftDocs/azure-docs
 * `articles/storage/blobs/storage-auth-abac-attributes.md`).
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
