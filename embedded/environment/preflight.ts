import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { exitCodes, type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { validateEnvironmentName } from "../machine/paths.ts";

/**
 * Checks the name, the model store and the gateway port of a start, before anything is changed.
 * @throws ProblemError with all problems, if the name or the port is not valid or the folder cannot be read
 */
export function checkRequest(
  name: string,
  request: { readonly modelStore: string; readonly gatewayPort?: number },
): void {
  rejectProblems(`Environment "${name}" cannot be started`, [
    ...validateEnvironmentName(name),
    ...modelStoreProblems(request.modelStore),
    ...(request.gatewayPort === undefined ? [] : gatewayPortProblems(request.gatewayPort)),
  ]);
}

/** etcd, Prometheus and the logs together stay below 1 GiB. If the disk fills up, etcd loses writes. */
const neededBytes = 1024 ** 3;

/**
 * Checks that the disk has room for an environment's data, before anything is written to it.
 * @throws ProblemError if less than 1 GiB is free
 */
export function checkSpace(dataDir: string): void {
  const problems = spaceProblems(dataDir, statfsSync(nearestExisting(dataDir)));
  if (problems.length === 0) return;
  throw new ProblemError("There is no room for the environment's data", problems, exitCodes.unavailable);
}

/** A problem if less than 1 GiB is free: `bavail` blocks of `bsize` bytes, from `statfs`. */
export function spaceProblems(dataDir: string, disk: { readonly bavail: number; readonly bsize: number }): Problem[] {
  const free = disk.bavail * disk.bsize;
  if (free >= neededBytes) return [];
  return [
    {
      path: dataDir,
      reason: `${Math.floor(free / 1024 ** 2)} MiB are free on this disk and ${neededBytes / 1024 ** 2} MiB are needed.`,
      fix: "Free some space, or name a folder on another disk in SERIN_HOME.",
    },
  ];
}

function modelStoreProblems(folder: string): Problem[] {
  try {
    if (!statSync(folder).isDirectory()) {
      return [
        { path: "modelStore", reason: `${folder} is not a folder.`, fix: "Name the folder of the model repository." },
      ];
    }
    accessSync(folder, constants.R_OK | constants.X_OK);
    return [];
  } catch {
    return [
      {
        path: "modelStore",
        reason: `${folder} does not exist or cannot be read.`,
        fix: "Name the folder of the model repository.",
      },
    ];
  }
}

function gatewayPortProblems(port: number): Problem[] {
  if (Number.isInteger(port) && port >= 1024 && port <= 65_535) return [];
  return [
    {
      path: "gatewayPort",
      reason: `${port} is not a whole number from 1024 to 65535.`,
      fix: "Write, for example, 8080.",
    },
  ];
}

function nearestExisting(path: string): string {
  try {
    statSync(path);
    return path;
  } catch {
    return nearestExisting(dirname(path));
  }
}
