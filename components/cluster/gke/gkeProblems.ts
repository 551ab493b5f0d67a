import { type Problem, under } from "../../core/problem.ts";
import { cloudClusterProblems } from "../cloudCluster.ts";
import { ruleProblems } from "../ruleBook.ts";
import { defaultEndpoint, endpointProblems } from "./endpoint.ts";
import { gcpMachines } from "./gcpMachines.ts";
import { gcpRuleBook } from "./gcpRuleBook.ts";
import { gcpRules } from "./gcpRules.ts";
import type { GkeDeclaration } from "./gkeArgs.ts";
import { gkeBlocks } from "./gkeNetwork.ts";
import { gkePoolProblems, podAddresses } from "./gkePools.ts";

/**
 * Everything wrong with the arguments, with paths as in the declaration. Whether `cidr` has addresses enough is checked
 * only when nothing else is wrong.
 */
export function validateGkeCluster(args: GkeDeclaration): Problem[] {
  const problems = [
    ...cloudClusterProblems(gcpRules, args),
    ...ruleProblems(gcpRuleBook, args),
    ...args.admins.flatMap((admin, index) => adminProblems(`admins[${index}]`, admin)),
    ...under("endpoint", endpointProblems(args.endpoint ?? defaultEndpoint)),
    ...Object.entries(args.gpuPools ?? {}).flatMap(([key, pool]) =>
      Object.hasOwn(gcpMachines, pool.machine) ? under(`gpuPools["${key}"]`, gkePoolProblems(pool)) : [],
    ),
  ];
  return problems.length > 0 ? problems : addressProblems(args);
}

function adminProblems(path: string, admin: string): Problem[] {
  return /^(user|group|serviceAccount):[^\s:@]+@[^\s:@]+\.[^\s:@]+$/.test(admin)
    ? []
    : [
        {
          path,
          reason: `"${admin}" is not a member of IAM.`,
          fix: 'Write, for example, "group:platform@example.com", "user:…" or "serviceAccount:…".',
        },
      ];
}

/** A pool without free pod addresses does not grow, and only the autoscaler's log says so. */
function addressProblems({ cidr, gpuPools = {} }: GkeDeclaration): Problem[] {
  const needed = podAddresses(Object.values(gpuPools));
  const sizeOf = (block: string) => 2 ** (32 - Number(block.split("/")[1]));
  const has = sizeOf(gkeBlocks(cidr).pods);
  if (needed <= has) return [];
  const prefix = [20, 19, 18, 17, 16].find((bits) => 2 ** (32 - bits - 1) >= needed);
  return [
    {
      path: "cidr",
      reason: `"${cidr}" gives pods ${has} addresses, but nodes take ${needed} of them when every pool is at its most.`,
      fix: prefix === undefined ? "Lower max of the pools." : `Write a /${prefix}, or lower max of the pools.`,
    },
  ];
}
