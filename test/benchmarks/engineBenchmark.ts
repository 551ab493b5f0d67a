import { execa } from "execa";
import { columns } from "../../cli/terminal.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { type Measured, measured } from "./processTree.ts";

/** What one cluster's platform should stay below under the real engine. */
export const targets = { firstSeconds: 60, unchangedSeconds: 20, unchangedMb: 800 } as const;

/** A resource of an exported state, as far as it is weighed. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  /** `<URN of the provider>::<id>`. Absent for components and providers. */
  readonly provider?: string;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
}

/** What the resources of one kind in one cluster weigh in a state. */
export interface Weight {
  /** The name of the Kubernetes provider, which is the cluster's key. Empty for what is of no cluster. */
  readonly cluster: string;
  /** The type token without its package: `apiextensions.k8s.io/v1:CustomResourceDefinition`. */
  readonly kind: string;
  readonly count: number;
  /** Of the inputs alone, as JSON. */
  readonly inputBytes: number;
  /** Of inputs and outputs, as JSON. */
  readonly bytes: number;
}

/** Weighs a state by cluster and kind, the heaviest first. */
export function weigh(resources: readonly StateResource[]): Weight[] {
  const sorts = Map.groupBy(resources, ({ type, provider }) =>
    JSON.stringify([clusterOf(provider), type.replace(/^kubernetes:/, "")]),
  );
  return [...sorts]
    .map(([sort, of]): Weight => {
      const [cluster, kind] = JSON.parse(sort) as [string, string];
      const inputBytes = sum(of.map(({ inputs }) => size(inputs)));
      return {
        cluster,
        kind,
        count: of.length,
        inputBytes,
        bytes: inputBytes + sum(of.map(({ outputs }) => size(outputs))),
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

function clusterOf(provider = ""): string {
  return /::pulumi:providers:kubernetes::(.+)::/.exec(provider)?.[1] ?? "";
}

/** What a stack took. */
export interface EngineFigures {
  readonly stack: string;
  readonly first: Measured;
  /** The same program again. */
  readonly unchanged: Measured;
  /** The exported state as JSON without spaces, which is about what a backend holds. */
  readonly stateBytes: number;
  readonly weights: readonly Weight[];
}

/**
 * Brings a stack up twice with the Pulumi CLI on PATH, and weighs its state. It changes the clusters of the stack as any
 * `pulumi up` does.
 *
 * @throws ProblemError where there is no CLI, or it fails.
 */
export async function measureEngine(stack: string, directory: string): Promise<EngineFigures> {
  const found = await execa("pulumi", ["version"], { reject: false });
  if (found.exitCode !== 0) throw noCli();
  const up = async () => {
    const args = ["up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"];
    return measured("pulumi", args, { cwd: directory, together: true }).catch((error: Error) => {
      const problem = {
        path: stack,
        reason: `${error.message}.`,
        fix: "Bring it up by hand once, and read what it says.",
      };
      throw new ProblemError("The engine was not measured", [problem], exitCodes.incomplete);
    });
  };
  const [first, unchanged] = [await up(), await up()];
  const { stdout } = await execa("pulumi", ["stack", "export", "--stack", stack], { cwd: directory });
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: readonly StateResource[] } };
  return { stack, first, unchanged, stateBytes: size({ deployment }), weights: weigh(deployment.resources ?? []) };
}

function noCli(): ProblemError {
  const problem = {
    path: "pulumi",
    reason: "it is not on PATH, so nothing was measured.",
    fix: "Install it as https://www.pulumi.com/docs/install says.",
  };
  return new ProblemError("The engine was not measured", [problem], exitCodes.unavailable);
}

/** The figures as text, with the targets beside them. */
export function engineText({ stack, first, unchanged, stateBytes, weights }: EngineFigures): string {
  const clusters = Math.max(1, new Set(weights.map(({ cluster }) => cluster).filter((name) => name !== "")).size);
  const row = (name: string, run: Measured, seconds: number, mb?: number) => [
    name,
    run.seconds.toFixed(1),
    String(seconds * clusters),
    run.cpuSeconds.toFixed(1),
    (run.togetherMb ?? 0).toFixed(0),
    mb === undefined ? "" : String(mb * clusters),
  ];
  const title = `pulumi up ${stack}`;
  return [
    columns(
      [title, "s", "target", "CPU, s", "memory of all at once, MB", "target"],
      [
        row("first", first, targets.firstSeconds),
        row("unchanged", unchanged, targets.unchangedSeconds, targets.unchangedMb),
      ],
      [1, 2, 3, 4, 5],
    ),
    `State: ${megabytes(stateBytes)} MB`,
    columns(
      ["cluster", "kind", "count", "inputs, MB", "inputs and outputs, MB"],
      weights
        .slice(0, 15)
        .map(({ cluster, kind, count, inputBytes, bytes }) => [
          cluster,
          kind,
          String(count),
          megabytes(inputBytes),
          megabytes(bytes),
        ]),
      [2, 3, 4],
    ),
  ].join("\n\n");
}

function size(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
