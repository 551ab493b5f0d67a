import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { ProblemError } from "../../components/core/problem.ts";
import { type Fault, faultAnnotation, parseFaults } from "../faults/fault.ts";
import { makePrivateRepository } from "../faults/privateRepository.ts";
import { PodProblem } from "./podProblem.ts";
import { containerMounts, type Mount, translatePath, type VolumeReader } from "./podVolumes.ts";
import { readTritonCommand, type TritonCommand } from "./tritonCommand.ts";

/** Everything needed to start the Triton of a pod, read from the pod and its volumes. */
export interface PodPlan {
  readonly container: V1Container;
  readonly command: TritonCommand;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** The pod's private copies of the model repositories. */
  readonly repositories: readonly string[];
  readonly slowStartMs: number;
}

/**
 * Reads a pod and prepares its files under `directory`.
 *
 * Throws a `PodProblem` for what a kubelet would show on the pod, and anything else when the API server cannot be
 * asked.
 */
export async function planPod(pod: V1Pod, directory: string, reader: VolumeReader): Promise<PodPlan> {
  const container = tritonContainer(pod);
  const env = containerEnv(pod, container);
  const command = readTritonCommand(container, env);
  const mounts = await containerMounts(pod, container.name, directory, reader);
  const faults = podFaults(pod);
  const repositories: string[] = [];
  for (const [index, repository] of command.repositories.entries()) {
    const source = translatePath(repository, mounts);
    rejectMissing(repository, source);
    const target = join(directory, "repositories", String(index));
    const [problem] = await makePrivateRepository(source, target, faults);
    if (problem !== undefined) throw new PodProblem("CreateContainerConfigError", `${problem.path}: ${problem.reason}`);
    repositories.push(target);
  }
  const slowStart = faults.find((fault) => fault.kind === "slowStart");
  return { container, command, env, mounts, repositories, slowStartMs: slowStart?.delayMs ?? 0 };
}

/** The container that runs Triton: the one that says so, else the first. */
export function tritonContainer(pod: V1Pod): V1Container {
  const containers = pod.spec?.containers ?? [];
  const runs = ({ command = [], args = [] }: V1Container) => /(^|\/)tritonserver$/.test([...command, ...args][0] ?? "");
  const container = containers.find(runs) ?? containers[0];
  if (container === undefined) throw new PodProblem("CreateContainerError", "the pod has no container.");
  return container;
}

/** The wait a preStop hook asks for: `sleep`, or an exec of sleep. Other commands have no container to run in. */
export function preStopMs({ lifecycle }: V1Container): number {
  const { sleep: pause, exec } = lifecycle?.preStop ?? {};
  if (pause !== undefined) return pause.seconds * 1_000;
  const [program, seconds] = exec?.command ?? [];
  return program?.endsWith("sleep") === true ? Number(seconds) * 1_000 || 0 : 0;
}

/** Plain values and fields of the pod. Secrets and config maps are left out: a Triton on local files needs none. */
function containerEnv(pod: V1Pod, { env = [] }: V1Container): Record<string, string> {
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
    `model repository ${repository} does not exist (${source}). ${there === "" ? "Its folder is not there either." : `Beside it: ${there}.`}`,
  );
}
