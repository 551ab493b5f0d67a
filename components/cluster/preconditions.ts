import { type Problem, unknownChoice } from "../core/problem.ts";
import { type Bytes, byteCount, bytesProblems, countProblems, durationProblems, seconds } from "../core/quantity.ts";
import type { CloudRules } from "./cloudRules.ts";
import { type AnyGpuPoolArgs, defaultDisk, defaultPurchase, defaultSharing, type PurchaseOption } from "./gpuPool.ts";
import { nodeLabelProblems } from "./labels.ts";
import type { Machine } from "./machines/machine.ts";
import { machineProblems } from "./machines/machineProblems.ts";
import { driverProblems } from "./poolDriver.ts";
import { sharingProblems } from "./poolSharing.ts";

/**
 * Everything wrong with a pool that can be known before anything is bought, by the path its owner typed below the pool.
 * What the types rule out already is checked again where it arrives as data.
 */
export function poolProblems(
  rules: CloudRules,
  pool: AnyGpuPoolArgs,
  machine: Machine,
  zones: readonly string[],
): Problem[] {
  return [
    ...machineProblems(rules, pool.machine, machine),
    ...sizeProblems(pool),
    ...zoneProblems(pool, zones),
    ...purchaseProblems(rules, pool, machine, zones),
    ...placementProblems(rules, pool, machine, zones),
    ...sharingProblems(rules, pool.sharing ?? defaultSharing, machine.gpu),
    ...driverProblems(rules, pool, machine),
    ...diskProblems(pool.disk ?? defaultDisk),
    ...nodeLabelProblems("labels", pool.labels ?? {}),
  ];
}

function sizeProblems({ min, max }: AnyGpuPoolArgs): Problem[] {
  const problems = [...countProblems("min", min, 0), ...countProblems("max", max, 1)];
  if (problems.length === 0 && min > max) {
    problems.push({ path: "min", reason: `${min} is above max (${max}).`, fix: "Lower min or raise max." });
  }
  return problems;
}

function zoneProblems({ zones }: AnyGpuPoolArgs, clusterZones: readonly string[]): Problem[] {
  if (zones === undefined) return [];
  if (zones.length === 0) {
    return [
      {
        path: "zones",
        reason: "there is none, so no node could start.",
        fix: "Name zones of the cluster, or leave zones out for all of them.",
      },
    ];
  }
  return zones.flatMap((zone, index) => {
    const path = `zones[${index}]`;
    if (!clusterZones.includes(zone)) return [unknownChoice(path, zone, clusterZones)];
    return zones.indexOf(zone) < index ? [{ path, reason: `"${zone}" is there twice.`, fix: "Name it once." }] : [];
  });
}

function purchaseProblems(
  rules: CloudRules,
  pool: AnyGpuPoolArgs,
  machine: Machine,
  clusterZones: readonly string[],
): Problem[] {
  const { purchase = defaultPurchase, min, zones = clusterZones } = pool;
  if (!rules.purchases.includes(purchase.kind)) {
    return [unknownChoice("purchase.kind", purchase.kind, rules.purchases)];
  }
  switch (purchase.kind) {
    case "onDemand":
    case "spot":
      return [];
    case "reserved":
    case "block":
      return [
        ...reservationProblems(rules, purchase.reservation),
        ...rules.purchaseProblems(pool, machine),
        ...(rules.reservation.inOneZone && zones.length > 1
          ? [oneZone(`a capacity ${purchase.kind === "block" ? "block" : "reservation"} is in one zone`, zones)]
          : []),
      ];
    case "queued":
      return [
        ...(min === 0
          ? []
          : [
              {
                path: "min",
                reason: `${min} queued nodes cannot be kept: they come when there is room.`,
                fix: "Write 0.",
              },
            ]),
        ...runDurationProblems(purchase.maxRunDuration),
      ];
  }
}

function reservationProblems({ reservation: { form, what, example } }: CloudRules, reservation: string): Problem[] {
  return form.test(reservation)
    ? []
    : [
        {
          path: "purchase.reservation",
          reason: `"${reservation}" is not ${what}.`,
          fix: `Write, for example, "${example}".`,
        },
      ];
}

/** Flex-start takes whole seconds, from ten minutes to seven days. */
function runDurationProblems(duration: Extract<PurchaseOption, { kind: "queued" }>["maxRunDuration"]): Problem[] {
  const path = "purchase.maxRunDuration";
  const problems = durationProblems(path, duration, { min: "10m", max: "168h" });
  if (problems.length > 0 || Number.isInteger(seconds(duration))) return problems;
  return [{ path, reason: `"${duration}" is not a whole number of seconds.`, fix: 'Write, for example, "24h".' }];
}

function placementProblems(
  rules: CloudRules,
  pool: AnyGpuPoolArgs,
  machine: Machine,
  clusterZones: readonly string[],
): Problem[] {
  const { placement = "spread", purchase = defaultPurchase, zones } = pool;
  if (placement === "spread") return [];
  if (placement !== "compact") return [unknownChoice("placement", placement, ["spread", "compact"])];
  const problems: Problem[] = [];
  const among = zones ?? clusterZones;
  if (among.length > 1) problems.push(oneZone("compact nodes are side by side in one zone", among));
  if (purchase.kind === "queued") {
    problems.push({
      path: "placement",
      reason: '"compact" cannot be had of queued nodes: they come wherever there is room.',
      fix: 'Leave placement out, or write purchase: { kind: "reserved", … }.',
    });
  }
  return [...problems, ...rules.placementProblems(pool, machine)];
}

function oneZone(why: string, zones: readonly string[]): Problem {
  return {
    path: "zones",
    reason: `${why}, but the pool has ${zones.length}: ${zones.join(", ")}.`,
    fix: `Write one, for example zones: ["${zones[0]}"].`,
  };
}

/** Less leaves no room for two Triton images during a release; more is beyond an OS disk of AKS. */
const diskBounds = { min: "100GiB", max: "2TiB" } as const satisfies Record<string, Bytes>;

function diskProblems(disk: Bytes): Problem[] {
  const problems = bytesProblems("disk", disk);
  if (problems.length > 0) return problems;
  const bytes = byteCount(disk);
  if (bytes < byteCount(diskBounds.min)) {
    return [
      {
        path: "disk",
        reason: `"${disk}" is below ${diskBounds.min}: two Triton images of 20 GiB, unpacked beside packed, and logs must fit.`,
        fix: `Write "${defaultDisk}".`,
      },
    ];
  }
  if (bytes > byteCount(diskBounds.max)) {
    return [
      { path: "disk", reason: `"${disk}" is above ${diskBounds.max}.`, fix: `Write at most "${diskBounds.max}".` },
    ];
  }
  return bytes % byteCount("1GiB") === 0
    ? []
    : [
        {
          path: "disk",
          reason: `"${disk}" is not a whole number of GiB.`,
          fix: `Write, for example, "${defaultDisk}".`,
        },
      ];
}
