import { basename } from "node:path";
import type { V1Container } from "@kubernetes/client-node";
import { PodProblem } from "./podProblem.ts";

/** What a container asks of Triton: its flags, and the ports it believes to listen on. */
export interface TritonCommand {
  readonly flags: readonly Flag[];
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  /** The model repositories, as paths inside the container. */
  readonly repositories: readonly string[];
}

interface Flag {
  readonly name: string;
  readonly value: string | undefined;
}

/** Triton's own defaults (`command_line_parser.cc`). */
const defaultPorts = { http: 8000, grpc: 8001, metrics: 8002 } as const;

/** Flags whose value is ours, because a process on a shared machine listens and finds its parts elsewhere. */
const ownFlags = new Set([
  "http-address",
  "http-port",
  "grpc-address",
  "grpc-port",
  "metrics-address",
  "metrics-port",
  "backend-directory",
  "model-repository",
  "model-store",
]);

/** Reads the command of a container; throws a `PodProblem` when it runs something else than Triton on local files. */
export function readTritonCommand(container: V1Container, env: Readonly<Record<string, string>>): TritonCommand {
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, env));
  const [program, ...rest] = words;
  if (program === undefined || basename(program) !== "tritonserver") {
    throw new PodProblem(
      "CreateContainerError",
      `container ${container.name} runs "${words.join(" ")}"; the embedded environment runs tritonserver and nothing else. Give command or args that begin with "tritonserver".`,
    );
  }
  const flags = readFlags(container.name, rest);
  const last = (name: string): string | undefined => flags.findLast((flag) => flag.name === name)?.value;
  const repositories = flags.flatMap(({ name, value }) =>
    (name === "model-repository" || name === "model-store") && value !== undefined ? [value] : [],
  );
  if (repositories.length === 0) {
    throw new PodProblem("CreateContainerError", `container ${container.name} has no --model-repository.`);
  }
  for (const repository of repositories) rejectRemote(repository);
  return {
    flags,
    repositories,
    ports: {
      http: Number(last("http-port") ?? defaultPorts.http),
      grpc: Number(last("grpc-port") ?? defaultPorts.grpc),
      metrics: Number(last("metrics-port") ?? defaultPorts.metrics),
    },
  };
}

/** Where a Triton process listens and finds its parts. */
export interface LocalTriton {
  readonly address: string;
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  readonly backends: string;
  readonly repositories: readonly string[];
  /** Names the shared memory of Python models, so that it can be removed when the process was killed. */
  readonly sharedMemoryPrefix: string;
  /** From a path inside the container to the one on this machine. */
  readonly translate: (path: string) => string;
}

/** The arguments of the real process: the container's own flags, with addresses and paths of this machine. */
export function tritonArgs(command: TritonCommand, local: LocalTriton): string[] {
  const kept = command.flags
    .filter(({ name }) => !ownFlags.has(name))
    .map(({ name, value }) => (value === undefined ? `--${name}` : `--${name}=${local.translate(value)}`));
  return [
    ...local.repositories.map((repository) => `--model-repository=${repository}`),
    `--backend-directory=${local.backends}`,
    `--backend-config=python,shm-region-prefix-name=${local.sharedMemoryPrefix}`,
    `--http-address=${local.address}`,
    `--http-port=${local.ports.http}`,
    `--grpc-address=${local.address}`,
    `--grpc-port=${local.ports.grpc}`,
    `--metrics-address=${local.address}`,
    `--metrics-port=${local.ports.metrics}`,
    ...kept,
  ];
}

function readFlags(container: string, words: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (match?.[1] === undefined) {
      throw new PodProblem("CreateContainerError", `container ${container}: "${word}" is not a flag of tritonserver.`);
    }
    const next = words[index + 1];
    const takesNext = match[2] === undefined && next !== undefined && !next.startsWith("--");
    flags.push({ name: match[1], value: takesNext ? next : match[2] });
    if (takesNext) index += 1;
  }
  return flags;
}

function rejectRemote(repository: string): void {
  const scheme = /^([a-z0-9]+):\/\//.exec(repository)?.[1];
  if (scheme === undefined) return;
  throw new PodProblem(
    "CreateContainerError",
    `model repository ${repository} is in a cloud store, which the embedded environment does not reach. Use a model store in a PersistentVolumeClaim for rehearsals.`,
  );
}

/** `$(NAME)` as Kubernetes expands it: unknown names stay, `$$` is one dollar sign. */
function expand(word: string, env: Readonly<Record<string, string>>): string {
  return word.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? all),
  );
}
