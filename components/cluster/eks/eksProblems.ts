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

const principal = /^(arn:aws:iam::\d{12}:)?(role|user)\/(?!aws-service-role\/)[\w+=,.@/-]*[\w+=,.@-]$/;

function adminProblems(path: string, admin: string): Problem[] {
  return principal.test(admin)
    ? []
    : [
        {
          path,
          reason: `"${admin}" is not a role or a user of IAM; EKS takes no groups, accounts, sessions and roles of AWS services.`,
          fix: 'Write "role/<name>", "user/<name>" or the whole ARN.',
        },
      ];
}

function systemMachineProblems(machine: string): Problem[] {
  const path = "systemMachine";
  if (!/^[a-z]+\d[a-z0-9-]*\.(nano|micro|small|medium|\d*x?large|metal(-\d+xl)?)$/.test(machine)) {
    return [
      { path, reason: `"${machine}" is not a machine as EC2 writes them.`, fix: 'Write, for example, "m6i.xlarge".' },
    ];
  }
  const fault = /^(a1\.|[a-z]+\d+[a-z-]*g)/.test(machine)
    ? "has an ARM processor, and the nodes' image is for x86"
    : machine.startsWith("mac")
      ? "is a Mac, and the nodes run Linux"
      : /\.(nano|micro|small|medium)$/.test(machine)
        ? "is too small: DNS, mesh, metrics and controllers need nodes of 8 GiB or more"
        : undefined;
  return fault === undefined
    ? []
    : [{ path, reason: `"${machine}" ${fault}.`, fix: 'Write, for example, "m6i.xlarge".' }];
}
