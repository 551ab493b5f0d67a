import { basename } from "node:path";
import type { V1Container } from "@kubernetes/client-node";
import { PodProblem } from "./podProblem.ts";

/** The command of a container, read as a command of Triton. */
export interface TritonCommand {
  /** All flags, in their order. */
  readonly flags: readonly Flag[];
  /** The ports that Triton listens on in a container, from the flags or Triton's defaults. */
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  /** The model repositories, as paths inside the container. */
  readonly repositories: readonly string[];
}

interface Flag {
  readonly name: string;
  readonly value: string | undefined;
}

/** Triton's default ports (`command_line_parser.cc`). */
const defaultPorts = { http: 8000, grpc: 8001, metrics: 8002 } as const;

/** The flags that the node agent sets, because addresses, ports and paths differ from those in a container. */
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

/**
 * Reads the command of a container.
 * @throws PodProblem if it does not run Triton, or if its model repository is missing or in a cloud store
 */
export function readTritonCommand(container: V1Container, env: Readonly<Record<string, string>>): TritonCommand {
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, env));
  const [program, ...rest] = words;
  if (program === undefined || basename(program) !== "tritonserver") {
    throw new PodProblem(
      "CreateContainerError",
      `container ${container.name} runs "${words.join(" ")}"; the embedded environment runs only tritonserver. Write a command, or args, that begin with "tritonserver".`,
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

/** The addresses and paths of a Triton process on this machine. */
export interface LocalTriton {
  /** The pod's loopback address. */
  readonly address: string;
  /** The ports to listen on. */
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  /** The directory with the backends. */
  readonly backends: string;
  /** The paths of the model repositories. */
  readonly repositories: readonly string[];
  /** The prefix of the names of the Python models' shared memory, so that it can be removed after a kill. */
  readonly sharedMemoryPrefix: string;
  /** Maps a path in the container to the path on this machine. */
  readonly translate: (path: string) => string;
}

/** The arguments of the process: the container's flags, with the addresses and paths of this machine. */
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
    `model repository ${repository} is in a cloud store, which the embedded environment cannot read. Use a model store in a PersistentVolumeClaim for rehearsals.`,
  );
}

/** Expands `$(NAME)` by the rules of Kubernetes: an unknown name stays, `$$` becomes one dollar sign. */
function expand(word: string, env: Readonly<Record<string, string>>): string {
  return word.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? all),
  );
}
