import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import {
  CommandError,
  type EngineEvent,
  LocalWorkspace,
  PulumiCommand,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { ExecaError, execa } from "execa";
import { exitCodes, type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import type { Engine, EngineEvents, ResourceAction, ResourceEvent, StackConfig, StackResult } from "../engine.ts";
import { describeResource, nameIn, qualifiedType } from "../recordedResource.ts";

/** The policy pack that comes with the command. */
const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));

/** What a Pulumi engine works with. */
export interface PulumiEngineOptions {
  /** The folder of Pulumi.yaml. */
  readonly projectDirectory: string;
  /** Written to the stack's configuration before `up`, secrets encrypted. @default what is configured stays as it is */
  readonly config?: (stack: string) => StackConfig;
  /** What encrypts secrets of a stack that is made, as `--secrets-provider` has it. @default the backend's own way */
  readonly secretsProvider?: (stack: string) => string | undefined;
  /** Ends the operation under way, as Ctrl-C does. */
  readonly signal?: AbortSignal;
  /** Finds the Pulumi CLI. @default found on PATH, else installed for the user */
  readonly command?: () => Promise<PulumiCommand>;
}

/** What came of stacks that were deployed side by side. */
export interface SideBySide {
  /** Of every stack that is up. */
  readonly results: readonly StackResult[];
  /** The stack at which a chain ended early, and why. */
  readonly failures: readonly { readonly stack: string; readonly error: ProblemError }[];
}

/** Deploys with the Pulumi CLI: the user's own login, backend and state. */
export class PulumiEngine implements Engine {
  readonly #options: PulumiEngineOptions;

  constructor(options: PulumiEngineOptions) {
    this.#options = options;
  }

  /** Runs `pulumi up` for stacks, with the policy pack. */
  async up(stacks: readonly string[], events: EngineEvents = {}): Promise<StackResult[]> {
    const command = await this.#command();
    const results: StackResult[] = [];
    for (const stack of stacks) {
      results.push(
        await this.#attempt(stack, events, async (listen) =>
          this.#up(stack, await this.#select(stack, command), listen),
        ),
      );
    }
    return results;
  }

  /**
   * Runs `pulumi up` for chains of stacks that do not read each other: the stacks of a chain one after another, chains
   * `atOnce` side by side. A chain that fails ends, and the others go on.
   *
   * @throws ProblemError when the stacks cannot be selected; then nothing was changed.
   */
  async upSideBySide(
    chains: readonly (readonly string[])[],
    events: EngineEvents = {},
    atOnce: number = sideBySide(),
  ): Promise<SideBySide> {
    const command = await this.#command();
    // One after another and before the first `up`: each writes which stack is the current one into the same file.
    const selected = new Map<string, Stack>();
    for (const stack of chains.flat()) {
      const select = () => this.#select(stack, command);
      selected.set(stack, await select().catch((error: unknown) => Promise.reject(failure(stack, error, []))));
    }
    const results: StackResult[] = [];
    const failures: { stack: string; error: ProblemError }[] = [];
    const waiting = [...chains];
    const worker = async (): Promise<void> => {
      for (let chain = waiting.shift(); chain !== undefined; chain = waiting.shift()) {
        const error = await this.#chain(chain, selected, events, results);
        if (error !== undefined) failures.push(error);
      }
    };
    // All are waited for: none may go on when this has ended.
    const ended = await Promise.allSettled(Array.from({ length: Math.max(1, atOnce) }, worker));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    return { results, failures };
  }

  /** Brings up stack after stack until one fails. */
  async #chain(
    chain: readonly string[],
    selected: ReadonlyMap<string, Stack>,
    events: EngineEvents,
    results: StackResult[],
  ): Promise<SideBySide["failures"][number] | undefined> {
    for (const stack of chain) {
      this.#options.signal?.throwIfAborted();
      const at = selected.get(stack) as Stack;
      try {
        results.push(await this.#attempt(stack, events, (listen) => this.#up(stack, at, listen)));
      } catch (error) {
        if (error instanceof ProblemError) return { stack, error };
        throw error;
      }
    }
    return undefined;
  }

  /** The names of the project's stacks that hold resources, as the backend of the CLI's login lists them. */
  async holding(): Promise<string[]> {
    try {
      const workspace = await LocalWorkspace.create({
        workDir: this.#options.projectDirectory,
        pulumiCommand: await this.#command(),
      });
      return (await workspace.listStacks())
        .filter(({ resourceCount, lastUpdate }) => (resourceCount ?? (lastUpdate === undefined ? 0 : 1)) > 0)
        .map(({ name }) => name.slice(name.lastIndexOf("/") + 1));
    } catch (error) {
      const problem = failure("The list of stacks", error, []);
      if (!(problem instanceof ProblemError)) throw problem;
      throw new ProblemError(
        "The stacks cannot be listed; nothing was changed",
        problem.problems,
        exitCodes.unavailable,
      );
    }
  }

  /** Refuses when the state of one of the stacks has a protected resource. */
  async refuseProtected(stacks: readonly string[]): Promise<void> {
    const command = await this.#command();
    const problems: Problem[] = [];
    for (const stack of stacks) {
      const state = await (await this.#existing(stack, command))?.exportStack();
      const kept = protectedIn(state?.deployment);
      if (kept.length === 0) continue;
      const more = kept.length > 3 ? ` and ${kept.length - 3} more` : "";
      problems.push({
        path: stack,
        reason: `${kept.slice(0, 3).join(", ")}${more} are protected, and everything before them would be gone by then.`,
        fix: "Declare protect: false for the cluster, bring the environment up once, then take it down.",
      });
    }
    rejectProblems("Nothing was taken down", problems);
  }

  /** Runs `pulumi destroy` for stacks that exist. */
  async destroy(stacks: readonly string[], events: EngineEvents = {}): Promise<void> {
    const command = await this.#command();
    for (const stack of stacks.toReversed()) {
      await this.#attempt(stack, events, async (listen) => {
        const selected = await this.#existing(stack, command);
        await selected?.destroy({ ...this.#operation(), onEvent: listen });
      });
    }
  }

  #command(): Promise<PulumiCommand> {
    return (this.#options.command ?? pulumiCommand)();
  }

  async #select(stack: string, command: PulumiCommand): Promise<Stack> {
    const secretsProvider = this.#options.secretsProvider?.(stack);
    const selected = await LocalWorkspace.createOrSelectStack(this.#program(stack), {
      pulumiCommand: command,
      // Where the policy pack finds the exemptions of the environment, wherever the package is installed.
      envVars: { SERIN_PROJECT: this.#options.projectDirectory },
      ...(secretsProvider === undefined ? {} : { secretsProvider }),
    });
    await this.#configure(stack, command);
    return selected;
  }

  async #up(stack: string, selected: Stack, listen: Listener): Promise<StackResult> {
    const changes: Partial<Record<ResourceAction, number>> = {};
    const { outputs } = await selected.up({
      ...this.#operation(),
      policyPacks: [policyPack],
      onEvent: (event) => {
        const change = resourceEvent(stack, event);
        if (change !== undefined) changes[change.action] = (changes[change.action] ?? 0) + 1;
        listen(event);
      },
    });
    return {
      stack,
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
      secretOutputs: Object.keys(outputs).filter((name) => outputs[name]?.secret === true),
      changes,
    };
  }

  async #existing(stack: string, command: PulumiCommand): Promise<Stack | undefined> {
    try {
      return await LocalWorkspace.selectStack(this.#program(stack), { pulumiCommand: command });
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }

  #program(stack: string): { stackName: string; workDir: string } {
    return { stackName: stack, workDir: this.#options.projectDirectory };
  }

  #operation(): { signal?: AbortSignal; suppressOutputs: true; color: "never" } {
    const { signal } = this.#options;
    return { suppressOutputs: true, color: "never", ...(signal === undefined ? {} : { signal }) };
  }

  /**
   * Values go by standard input: the Automation API passes them as arguments, which every user of the machine can read.
   */
  async #configure(stack: string, { command }: PulumiCommand): Promise<void> {
    const { config = {}, secretKeys = [] } = this.#options.config?.(stack) ?? {};
    for (const [key, input] of Object.entries(config)) {
      const sort = secretKeys.includes(key) ? "--secret" : "--plaintext";
      const options = ["config", "set", key, sort, "--stack", stack, "--non-interactive"];
      await execa(command, options, { cwd: this.#options.projectDirectory, input });
    }
  }

  /** Tells of the stack's progress, and of its failure in terms of the engine's own diagnostics. */
  async #attempt<Result>(
    stack: string,
    events: EngineEvents,
    operation: (listen: Listener) => Promise<Result>,
  ): Promise<Result> {
    const diagnostics: Problem[] = [];
    events.onStack?.(stack, "started");
    try {
      const result = await operation((event) => relay(stack, event, events, diagnostics));
      events.onStack?.(stack, "done");
      return result;
    } catch (error) {
      events.onStack?.(stack, "failed");
      throw failure(stack, error, diagnostics);
    }
  }
}

/**
 * Measured with Pulumi 3.248: an `up` of one cluster's platform takes 1.4 GB in all its processes, the policy pack's
 * included, and more than one core.
 */
const bytesPerUp = 1.5 * 1_024 ** 3;

function sideBySide(): number {
  return Math.max(
    1,
    Math.min(Math.floor(availableParallelism() / 2), Math.floor(process.availableMemory() / bytesPerUp)),
  );
}

type Listener = (event: EngineEvent) => void;

/**
 * The Pulumi CLI: found on PATH, else installed for the user by the Automation API.
 *
 * @throws ProblemError when it is not there and cannot be installed.
 */
export async function pulumiCommand(
  source: Pick<typeof PulumiCommand, "get" | "install"> = PulumiCommand,
): Promise<PulumiCommand> {
  try {
    return await source.get();
  } catch {
    // Not on PATH, or too old for the Automation API.
  }
  try {
    return await source.install();
  } catch (error) {
    const why =
      error instanceof Error ? (error.message.split("\n").find((line) => line.trim() !== "") ?? "") : String(error);
    throw new ProblemError(
      "The Pulumi CLI is not available",
      [
        {
          path: "pulumi",
          reason: `it is not on PATH and could not be installed: ${why.trim()}.`,
          fix: "Install it as https://www.pulumi.com/docs/install says. The environment `local` does not need it.",
        },
      ],
      exitCodes.unavailable,
    );
  }
}

function relay(stack: string, event: EngineEvent, events: EngineEvents, diagnostics: Problem[]): void {
  const change = resourceEvent(stack, event);
  if (change !== undefined) events.onResource?.(change);
  const { diagnosticEvent, policyEvent } = event;
  const severity = severities[diagnosticEvent?.severity ?? ""];
  if (diagnosticEvent !== undefined && severity !== undefined && diagnosticEvent.ephemeral !== true) {
    const message = diagnosticEvent.message.trim();
    events.onLog?.(severity, message);
    if (severity === "error") diagnostics.push({ path: nameOf(diagnosticEvent.urn) ?? stack, reason: message });
  }
  if (policyEvent?.enforcementLevel === "mandatory") {
    diagnostics.push({
      path: nameOf(policyEvent.resourceUrn) ?? stack,
      reason: `${policyEvent.policyName}: ${policyEvent.message.trim()}`,
    });
  }
}

/**
 * What an engine says to people. Its log has messages of severity `debug`, too, which the types of the SDK leave out:
 * they hold the inputs of every resource, secrets in plain text.
 */
const severities: Partial<Record<string, "info" | "warning" | "error">> = {
  info: "info",
  "info#err": "info",
  warning: "warning",
  error: "error",
};

const actions: Partial<Record<string, ResourceAction>> = {
  create: "created",
  import: "created",
  update: "updated",
  same: "unchanged",
  replace: "replaced",
  delete: "deleted",
  read: "read",
};

function resourceEvent(stack: string, { resOutputsEvent }: EngineEvent): ResourceEvent | undefined {
  if (resOutputsEvent === undefined) return undefined;
  const { op, urn, type } = resOutputsEvent.metadata;
  const action = actions[op];
  // Components and the stack itself are bookkeeping.
  if (action === undefined || resOutputsEvent.metadata.new?.custom === false) return undefined;
  return { stack, action, type, urn, name: nameIn(urn) };
}

function nameOf(urn: string | undefined): string | undefined {
  if (urn === undefined || urn === "") return undefined;
  return describeResource({ type: qualifiedType(urn).split("$").pop() ?? "", name: nameIn(urn) });
}

function failure(stack: string, error: unknown, diagnostics: readonly Problem[]): unknown {
  if (diagnostics.length > 0) {
    return new ProblemError(`${stack} was not deployed`, diagnostics, exitCodes.incomplete);
  }
  if (!(error instanceof CommandError || error instanceof ExecaError)) return error;
  const [, said] = /^\s*error: (.+)$/m.exec(error.message) ?? [];
  const login = /login|PULUMI_ACCESS_TOKEN|passphrase/i.test(error.message);
  const fix = login ? { fix: "Run `pulumi login`, and set the passphrase of its secrets, first." } : {};
  const problem = { path: "pulumi", reason: said ?? error.message.trim(), ...fix };
  return new ProblemError(`${stack} was not deployed`, [problem], exitCodes.incomplete);
}

/** Names of resources in a stack's state that the engine refuses to delete. */
function protectedIn(deployment: unknown): string[] {
  const { resources = [] } = (deployment ?? {}) as {
    readonly resources?: readonly { readonly urn: string; readonly protect?: boolean }[];
  };
  return resources.filter(({ protect }) => protect === true).map(({ urn }) => nameIn(urn));
}
