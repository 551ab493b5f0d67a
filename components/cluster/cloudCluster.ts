import { type KubernetesVersion, kubernetesVersions } from "../core/kubernetesVersions.ts";
import { dnsLabelProblems } from "../core/names.ts";
import { nearestChoice, type Problem, under, unknownChoice } from "../core/problem.ts";
import type { CloudRules } from "./cloudRules.ts";
import type { GpuPoolArgs, PurchaseOption } from "./gpuPool.ts";
import { clusterLabelProblems } from "./labels.ts";
import { cidrProblems } from "./network.ts";
import { poolProblems } from "./preconditions.ts";
import type { AuditStoreArgs } from "./stores.ts";

/** What a cluster of every cloud is declared with; each cloud narrows machines, zones and ways to buy. */
export interface CloudClusterArgs<Machine extends string, Purchase extends PurchaseOption["kind"]> {
  /** The cloud's own name of the region. Changing it replaces everything. */
  readonly region: string;
  /**
   * Three zones, as the cloud names them; their order does not matter. On Google Cloud a change replaces the pools. EKS
   * and AKS keep the zones of a cluster: other zones are another cluster, under another key.
   */
  readonly zones: readonly [string, string, string];
  /**
   * The cluster's own block of private IPv4 addresses (RFC 1918), /16 to /20, which no other cluster of the environment
   * overlaps. Nodes, pods and services come from it. Not 172.17.0.0/16, 172.30.0.0/16 or 172.31.0.0/16. Changing it
   * replaces everything.
   */
  readonly cidr: string;
  /** Minor version. One step up upgrades in place; a step down is refused by every cloud. */
  readonly kubernetesVersion: KubernetesVersion;
  /**
   * Who administers the cluster, as its cloud names them: `["role/platform-admin"]` on EKS, object ids of Entra ID on
   * AKS, `["group:admins@example.com"]` on GKE. At least one. Changing it replaces nothing.
   */
  readonly admins: readonly string[];
  /**
   * The cluster's labels. They become tags (labels on Google Cloud) of every resource, so at most 40, of a-z, 0-9, "-"
   * and "_". Changing them replaces nothing.
   */
  readonly labels: Readonly<Record<string, string>>;
  /** GPU nodes by pool. @default none */
  readonly gpuPools?: Readonly<Record<string, GpuPoolArgs<Machine, Purchase>>>;
  /** Where the audit logs of the cluster and the access logs of its stores are kept. */
  readonly auditStore?: AuditStoreArgs;
  /**
   * What holds state cannot be deleted: cluster, stores, keys. To remove a cluster, set this to false and bring it up
   * once, then remove it. @default true
   */
  readonly protect?: boolean;
}

/** Everything wrong with what the clusters of all clouds have in common, by the path their owner typed. */
export function cloudClusterProblems(
  rules: CloudRules,
  args: CloudClusterArgs<string, PurchaseOption["kind"]>,
): Problem[] {
  const { region, zones, cidr, kubernetesVersion, admins, labels, gpuPools = {}, auditStore = {} } = args;
  return [
    ...placeProblems(rules, region, zones),
    ...cidrProblems("cidr", cidr),
    ...(kubernetesVersions.includes(kubernetesVersion)
      ? []
      : [unknownChoice("kubernetesVersion", kubernetesVersion, kubernetesVersions)]),
    ...adminProblems(admins),
    ...clusterLabelProblems("labels", labels),
    ...under("auditStore", auditProblems(auditStore)),
    ...Object.entries(gpuPools).flatMap(([key, pool]) => {
      const path = `gpuPools["${key}"]`;
      const machine = Object.hasOwn(rules.machines, pool.machine) ? rules.machines[pool.machine] : undefined;
      return [
        ...dnsLabelProblems(path, key, mostPoolKey),
        ...under(
          path,
          machine === undefined ? [unknownMachine(rules, pool.machine)] : poolProblems(rules, pool, machine, zones),
        ),
      ];
    }),
  ];
}

/** A pool's key is part of its nodes' names on every cloud. */
const mostPoolKey = 20;

function placeProblems({ title, regions }: CloudRules, region: string, zones: readonly string[]): Problem[] {
  if (!regions.form.test(region)) {
    return [
      {
        path: "region",
        reason: `"${region}" is not a region as ${title} writes them.`,
        fix: `Write, for example, "${regions.example}".`,
      },
    ];
  }
  const refusal = regions.refusal?.(region);
  if (refusal !== undefined) return [{ path: "region", ...refusal }];
  if (regions.known !== undefined && !regions.known.includes(region)) {
    const nearest = nearestChoice(region, regions.known);
    return [
      {
        path: "region",
        reason: `"${region}" is not a region of ${title} that is known here.`,
        fix: nearest === undefined ? `Write, for example, "${regions.example}".` : `Did you mean "${nearest}"?`,
      },
    ];
  }
  const [first, last] = regions.zone(region);
  const wellFormed = (zone: string) => zone.slice(0, -1) === first.slice(0, -1) && last.test(zone);
  if (zones.length === 3 && !zones.some(wellFormed)) {
    return [
      {
        path: "zones",
        reason: `${zones.map((zone) => `"${zone}"`).join(", ")} are no zones of ${region} as ${title} writes them.`,
        fix: `Write zones of it, for example "${first}", or another region.`,
      },
    ];
  }
  return [
    ...(zones.length === 3
      ? []
      : [
          {
            path: "zones",
            reason: `there ${zones.length === 1 ? "is" : "are"} ${zones.length}, but a cluster outlives the loss of a zone on three only.`,
            fix: "Write three.",
          },
        ]),
    ...zones.flatMap((zone, index) => {
      const path = `zones[${index}]`;
      if (!wellFormed(zone)) {
        return [
          {
            path,
            reason: `"${zone}" is not a zone of ${region} as ${title} writes them.`,
            fix: `Write, for example, "${first}".`,
          },
        ];
      }
      return zones.indexOf(zone) < index ? [{ path, reason: `"${zone}" is there twice.`, fix: "Name it once." }] : [];
    }),
  ];
}

function adminProblems(admins: readonly string[]): Problem[] {
  if (admins.length === 0) {
    return [
      {
        path: "admins",
        reason: "there is none, so nobody could ever administer the cluster: whoever makes it has no rights on it.",
        fix: "Name at least one.",
      },
    ];
  }
  // No cloud tells names of people, groups and roles apart by the case of their letters.
  const names = admins.map((admin) => admin.toLowerCase());
  return admins.flatMap((admin, index) =>
    names.indexOf(names[index] ?? "") < index
      ? [{ path: `admins[${index}]`, reason: `"${admin}" is there twice.`, fix: "Name them once." }]
      : [],
  );
}

/** A hundred years, the most that S3 locks an object for. */
const mostRetentionDays = 36_500;

function auditProblems({ retentionDays = 365, mode = "locked" }: AuditStoreArgs): Problem[] {
  return [
    ...(Number.isInteger(retentionDays) && retentionDays >= 1 && retentionDays <= mostRetentionDays
      ? []
      : [
          {
            path: "retentionDays",
            reason: `${retentionDays} is not a whole number of days from 1 to ${mostRetentionDays}.`,
            fix: "Write, for example, 365.",
          },
        ]),
    ...(["locked", "removable"].includes(mode) ? [] : [unknownChoice("mode", mode, ["locked", "removable"])]),
  ];
}

function unknownMachine({ cloud, title, service, machines }: CloudRules, machine: string): Problem {
  const { fix } = unknownChoice("machine", machine, Object.keys(machines));
  return {
    path: "machine",
    reason: `"${machine}" is not in the catalogue of ${title} machines with NVIDIA GPUs.`,
    fix: fix ?? `Choose one of components/cluster/${service.toLowerCase()}/${cloud}Machines.ts.`,
  };
}
