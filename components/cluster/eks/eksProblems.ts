import { type Problem, under } from "../../core/problem.ts";
import { cloudClusterProblems } from "../cloudCluster.ts";
import { ruleProblems } from "../ruleBook.ts";
import { awsRuleBook } from "./awsRuleBook.ts";
import { awsRules } from "./awsRules.ts";
import type { EksDeclaration } from "./eksArgs.ts";
import type { EksGpuPoolArgs } from "./eksPools.ts";
import { defaultEndpoint, endpointProblems } from "./endpoint.ts";
import { peeringProblems } from "./peerings.ts";

/** All problems of a declared EKS cluster, each with its path in the declaration. */
export function validateEksCluster(args: EksDeclaration): Problem[] {
  const { admins, gpuPools = {}, endpoint = defaultEndpoint, systemMachine } = args;
  return [
    ...cloudClusterProblems(awsRules, args),
    ...ruleProblems(awsRuleBook, args),
    ...admins.flatMap((admin, index) => adminProblems(`admins[${index}]`, admin)),
    ...under("endpoint", endpointProblems(endpoint)),
    ...under("peerings", peeringProblems(args.cidr, args.peerings ?? {})),
    ...(systemMachine === undefined ? [] : systemMachineProblems(systemMachine)),
    ...Object.entries(gpuPools).flatMap(([key, pool]) => under(`gpuPools["${key}"]`, fabricProblems(pool))),
  ];
}

function fabricProblems({ machine, placement }: EksGpuPoolArgs): Problem[] {
  return placement === "compact" && machine === "p6-b300.48xlarge"
    ? [
        {
          path: "placement",
          reason: `"compact" connects nodes by their Elastic Fabric Adapters, and which network cards of "${machine}" have one is not confirmed.`,
          fix: 'Write "spread", or choose "p6-b200.48xlarge".',
        },
      ]
    : [];
}

const principal = /^(arn:aws:iam::\d{12}:)?(role|user)\/[\w+=,.@/-]*[\w+=,.@-]$/;

function adminProblems(path: string, admin: string): Problem[] {
  return principal.test(admin)
    ? []
    : [
        {
          path,
          reason: `"${admin}" is not a role or a user of IAM; EKS takes no groups, no accounts and no sessions.`,
          fix: 'Write "role/<name>", "user/<name>" or the whole ARN.',
        },
      ];
}

function systemMachineProblems(machine: string): Problem[] {
  const path = "systemMachine";
  if (!/^[a-z]+\d[a-z0-9-]*\.[a-z0-9-]+$/.test(machine)) {
    return [
      { path, reason: `"${machine}" is not a machine as EC2 writes them.`, fix: 'Write, for example, "m6i.xlarge".' },
    ];
  }
  return /^[a-z]+\d+[a-z-]*g/.test(machine)
    ? [
        {
          path,
          reason: `"${machine}" has an ARM processor, and the nodes' image is for x86.`,
          fix: 'Write, for example, "m6i.xlarge".',
        },
      ]
    : [];
}
