import { basename } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { type Mount, translatePath } from "./podVolumes.ts";

/**
 * The init containers that this machine can run: those whose command is a script for bash. Others, which need a program
 * of their image, and sidecars (`restartPolicy: Always`) are left out, as are the sidecars of `containers`.
 */
export function initContainersOf(pod: V1Pod): V1Container[] {
  return (pod.spec?.initContainers ?? []).filter(
    ({ command = [], restartPolicy }) => basename(command[0] ?? "") === "bash" && restartPolicy === undefined,
  );
}

/** The arguments for bash: those of the container, with the paths of this machine. */
export function initArgs({ command = [], args = [] }: V1Container, mounts: readonly Mount[]): string[] {
  return [...command.slice(1), ...args].map((word) => translatePath(word, mounts));
}

/** What a script said, with the paths in the container instead of those of this machine. */
export function inContainerWords(message: string, { args = [] }: V1Container, mounts: readonly Mount[]): string {
  return args.reduce((text, word) => {
    const here = translatePath(word, mounts);
    return here === word ? text : text.replaceAll(here, word);
  }, message);
}
