import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";

/**
 * Starts a process that the kernel kills when this one dies, however it dies (prctl(2), PR_SET_PDEATHSIG, set by
 * util-linux' `setpriv`). Where there is no `setpriv` it starts all the same, and what a crash leaves is ended by the
 * next start or stop of the environment.
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
