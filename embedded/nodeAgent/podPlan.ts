import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { ProblemError } from "../../components/core/problem.ts";
import { type Fault, faultAnnotation, parseFaults } from "../faults/fault.ts";
import { makePrivateRepository } from "../faults/privateRepository.ts";
import { standIn, standInBackends } from "../standIn/standIn.ts";
import { PodProblem } from "./podProblem.ts";
import { containerMounts, type Mount, translatePath, type VolumeReader } from "./podVolumes.ts";
import { readTritonCommand, type TritonCommand } from "./tritonCommand.ts";

/** The input for starting a pod's Triton, read from the pod and its volumes. */
export interface PodPlan {
  /** The container that runs Triton. */
  readonly container: V1Container;
  /** The flags, ports and model repositories in the container's command. */
  readonly command: TritonCommand;
  /** The environment variables of the container that have a value here. */
  readonly env: Readonly<Record<string, string>>;
  /** The container's volume mounts with their paths on this machine. */
  readonly mounts: readonly Mount[];
  /** The paths of the pod's private copies of the model repositories. */
  readonly repositories: readonly string[];
  /** The folder of Triton's backends, with those that stand-ins take the place of. */
  readonly backends: string;
  /** The delay of the `slow-start` fault, milliseconds; 0 without it. */
  readonly slowStartMs: number;
}

/**
 * Reads a pod and prepares its files in `directory`. `ownBackends` is the folder of the backends that Triton has.
 * @throws PodProblem for an error in the pod or its volumes, which a kubelet would show in the pod's status; another
 * error if a request to the API server fails
 */
export async function planPod(
  pod: V1Pod,
  directory: string,
  reader: VolumeReader,
  ownBackends: string,
): Promise<PodPlan> {
  const container = tritonContainer(pod);
  const env = containerEnv(pod, container);
  const command = readTritonCommand(container, env);
  const mounts = await containerMounts(pod, container.name, directory, reader);
  const faults = podFaults(pod);
  const repositories: string[] = [];
  const standIns: string[] = [];
  for (const [index, repository] of command.repositories.entries()) {
    const source = translatePath(repository, mounts);
    rejectMissing(repository, source);
    const target = join(directory, "repositories", String(index));
    const stood = await standIn(source, join(directory, "stand-ins", String(index)), asksForGpu(container));
    standIns.push(...stood.backends);
    const [problem] = await makePrivateRepository(stood.repository, target, faults);
    if (problem !== undefined) throw new PodProblem("CreateContainerConfigError", `${problem.path}: ${problem.reason}`);
    repositories.push(target);
  }
  const backends =
    standIns.length === 0 ? ownBackends : await standInBackends(ownBackends, standIns, join(directory, "backends"));
  const slowStart = faults.find((fault) => fault.kind === "slowStart");
  return { container, command, env, mounts, repositories, backends, slowStartMs: slowStart?.delayMs ?? 0 };
}

/**
 * The container that runs Triton: the first whose command starts with `tritonserver`, else the first of all.
 * @throws PodProblem if the pod has no container
 */
export function tritonContainer(pod: V1Pod): V1Container {
  const containers = pod.spec?.containers ?? [];
  const runs = ({ command = [], args = [] }: V1Container) => /(^|\/)tritonserver$/.test([...command, ...args][0] ?? "");
  const container = containers.find(runs) ?? containers[0];
  if (container === undefined) throw new PodProblem("CreateContainerError", "the pod has no container.");
  return container;
}

/**
 * The delay of a preStop hook, milliseconds: of `sleep`, or of an `exec` of the program sleep. Other commands are
 * ignored, because there is no container to run them in.
 */
export function preStopMs({ lifecycle }: V1Container): number {
  const { sleep: pause, exec } = lifecycle?.preStop ?? {};
  if (pause !== undefined) return pause.seconds * 1_000;
  const [program, seconds] = exec?.command ?? [];
  return program?.endsWith("sleep") === true ? Number(seconds) * 1_000 || 0 : 0;
}

/**
 * The environment variables with a plain value or a field of the pod. Those from Secrets and ConfigMaps are left out:
 * Triton with local model files needs none.
 */
export function containerEnv(pod: V1Pod, { env = [] }: V1Container): Record<string, string> {
  const fields: Record<string, string | undefined> = {
    "metadata.name": pod.metadata?.name,
    "metadata.namespace": pod.metadata?.namespace,
    "metadata.uid": pod.metadata?.uid,
    "spec.nodeName": pod.spec?.nodeName,
    "spec.serviceAccountName": pod.spec?.serviceAccountName,
  };
  return Object.fromEntries(
    env.flatMap(({ name, value, valueFrom }) => {
      const known = value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ""];
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

/** Of any resource name of the NVIDIA device plugin: whole GPUs and slices. */
function asksForGpu({ resources }: V1Container): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).some((name) => name.startsWith("nvidia.com/"));
}

function podFaults(pod: V1Pod): Fault[] {
  try {
    return parseFaults(pod.metadata?.annotations?.[faultAnnotation] ?? "", `annotation ${faultAnnotation}`);
  } catch (error) {
    if (error instanceof ProblemError) throw new PodProblem("CreateContainerConfigError", error.message);
    throw error;
  }
}

function rejectMissing(repository: string, source: string): void {
  if (existsSync(source)) return;
  const parent = join(source, "..");
  const there = existsSync(parent) ? readdirSync(parent).sort().join(", ") : "";
  throw new PodProblem(
    "CreateContainerConfigError",
    `model repository ${repository} does not exist (${source}). ${there === "" ? "Its parent folder does not exist either, or is empty." : `Its parent folder contains: ${there}.`}`,
  );
}
