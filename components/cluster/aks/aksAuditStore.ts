import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { rejectProblems } from "../../core/problem.ts";
import type { AuditStoreArgs } from "../stores.ts";
import type { AksScope } from "./aksScope.ts";
import { type LogAccount, logAccount } from "./storageAccounts.ts";

/**
 * Categories of logs that are recorded of each kind of resource. `kube-audit-admin` is the audit log without `get` and
 * `list`, which are most of its volume and cost (MicrosoftDocs/azure-aks-docs `articles/aks/monitor-aks.md`). `guard`
 * records whom Entra and Azure RBAC admitted.
 */
const categories = {
  cluster: ["kube-audit-admin", "guard"],
  vault: ["AuditEvent"],
  blobs: ["StorageRead", "StorageWrite", "StorageDelete"],
} as const;

/**
 * The audit logs of a cluster and the access logs of its keys and model store. Azure Monitor appends to one container
 * for each category. The containers are made here, with their immutability policy, since Azure Monitor would make them
 * without. Access to the logs is recorded in a second account: if an account recorded itself, each record would cause
 * another.
 */
export class AksAuditStore extends Component {
  readonly #audit: LogAccount;

  constructor(name: string, args: AuditStoreArgs, scope: AksScope, opts: pulumi.ComponentResourceOptions) {
    const { retentionDays = 365, mode = "locked" } = args;
    super("cluster:AksAuditStore", name, { retentionDays, mode }, opts);
    const kept = { retentionDays, locked: mode === "locked" };

    this.#audit = logAccount(name, { purpose: "audit", categories: Object.values(categories).flat(), ...kept }, scope, {
      parent: this,
    });
    const access = logAccount(
      this.childName("access"),
      { purpose: "access", categories: categories.blobs, ...kept },
      scope,
      { parent: this },
    );
    recordedIn(access, `${name}-access-log`, "blobs", blobsOf(this.#audit.id), { parent: this });

    // In an output, so that the program fails where Azure keeps the records for another time.
    const confirmed = pulumi.all([this.#audit.problems, access.problems]).apply((problems) => {
      rejectProblems("The audit records are not kept as declared", problems.flat());
      return retentionDays;
    });
    this.registerOutputs({ accountId: this.#audit.id, retentionDays: confirmed });
  }

  /** Records the logs of a resource of this kind, by its ARM id, in the audit account. */
  record(
    name: string,
    kind: keyof typeof categories,
    id: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
  ): DiagnosticSetting {
    return recordedIn(this.#audit, name, kind, id, opts);
  }
}

/** ARM id of an account's blob service, which is what Azure Monitor records. */
export function blobsOf(accountId: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`${accountId}/blobServices/default`;
}

function recordedIn(
  { id, ready }: LogAccount,
  name: string,
  kind: keyof typeof categories,
  resourceUri: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): DiagnosticSetting {
  return new DiagnosticSetting(
    name,
    {
      name: "audit",
      resourceUri,
      storageAccountId: id,
      logs: categories[kind].map((category) => ({ category, enabled: true })),
    },
    { ...opts, dependsOn: [...ready] },
  );
}
