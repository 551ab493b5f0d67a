import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";

/**
 * Starts a child process that the kernel kills when this process ends for any reason (prctl(2), PR_SET_PDEATHSIG, set
 * by `setpriv` of util-linux). Without `setpriv` the child is an ordinary one; if this process crashes, the next start
 * or stop of the embedded environment ends the child.
 */
export function spawnBound(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return canBind()
    ? spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], options)
    : spawn(command, [...args], options);
}

let bindable: boolean | undefined;
function canBind(): boolean {
  bindable ??=
    spawnSync("setpriv", ["--pdeathsig", "KILL", "--", "true"], { stdio: "ignore", timeout: 5_000 }).status === 0;
  return bindable;
}
