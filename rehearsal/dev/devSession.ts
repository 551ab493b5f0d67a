import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem } from "../../components/core/problem.ts";
import { type Duration, milliseconds } from "../../components/core/quantity.ts";
import { seededRandom } from "../../components/core/random.ts";
import type { Model } from "../../components/model/model.ts";
import { diagnose, type Finding } from "../../diagnosis/diagnose.ts";
import type { DeclaredModel } from "../../diagnosis/evidence.ts";
import { tellingLines } from "../../diagnosis/gather/log.ts";
import { repositoryProblems } from "../../diagnosis/repository/repositoryProblems.ts";
import { DevTriton, errorOf } from "../../embedded/dev/devTriton.ts";
import type { SessionFolder } from "../../embedded/dev/sessionFolder.ts";
import { fitBesides, type StagedSave, showSaves, stageSave } from "../../embedded/dev/stagedSave.ts";
import { backendsFor, standIn, standInBackends } from "../../embedded/standIn/standIn.ts";
import type { TritonTool } from "../../embedded/toolchain/index.ts";
import { type ModelInput, requestBodies } from "../../embedded/traffic/requestBodies.ts";
import {
  type Comparison,
  compareReplays,
  failures,
  latencies,
  meanScore,
  type Replay,
  type Replayed,
  tensorsOf,
} from "./comparison.ts";

/** What a session serves, and how. */
export interface DevSessionArgs {
  /** The model's name in the environment. */
  readonly name: string;
  /** The model as it is declared. */
  readonly model: Model;
  /** The same, as rules of diagnosis read it. */
  readonly declared: DeclaredModel;
  /** Triton. */
  readonly tool: TritonTool;
  /** Where the session keeps its files. */
  readonly folder: SessionFolder;
  /** The port for HTTP. @default 8000, or a free one */
  readonly port?: number;
  /** Bodies of requests that each save answers. @default random ones of the shape that the model takes */
  readonly bodies?: readonly string[];
  /** How many requests each save answers at most. */
  readonly requests: number;
  /** What shows Triton's log. @default `less` with the file, which is there while the session is */
  readonly logCommand?: string;
  /** Ends the session's waits. */
  readonly signal: AbortSignal;
}

/** What became of one save. */
export interface SaveReport {
  /** Counts from 1, and is its version in Triton. */
  readonly number: number;
  /** When it was looked at, ISO 8601. */
  readonly at: string;
  /**
   * `serves`: it answers. `refused`: its files show that Triton cannot load it. `doesNotLoad`: Triton says so. `fails`:
   * it was loaded, and no request was answered,
   * or the server ended.
   */
  readonly outcome: "serves" | "refused" | "doesNotLoad" | "fails";
  /** Whether it ended the server, for `fails`. @default it did not */
  readonly tookDown?: true;
  /** From the save, or the look where that is unknown, to the first answer, ms. */
  readonly firstAnswerMs?: number;
  /** Requests that it was sent, and how many of them it did not answer, with what it said to the first. */
  readonly requests?: { readonly sent: number; readonly failed: number; readonly firstFailure?: string };
  /** The save that it was compared with. */
  readonly against?: number;
  /** Why answers were not compared. */
  readonly notCompared?: string;
  /** How its answers differ from those of that save. */
  readonly comparison?: Comparison;
  /** Latency of both, ms. */
  readonly latencyMs?: {
    readonly before?: { readonly p50: number; readonly p99: number };
    readonly after?: { readonly p50: number; readonly p99: number };
  };
  /** Mean of the scores that both exported. */
  readonly meanScore?: { readonly before?: number; readonly after?: number };
  /** What its files lack, for `refused`. */
  readonly problems?: readonly Problem[];
  /** Why it does not load, for `doesNotLoad`. */
  readonly findings?: readonly Finding[];
  /** The save that answers now. Absent: none. */
  readonly serving?: number;
}

interface Good {
  readonly save: StagedSave;
  /** The folder that it is a copy of. */
  readonly source: string;
  readonly replay: Replay;
  /** What it takes, to see whether the same requests fit another save. */
  readonly inputs: string;
}

/** Replays take no longer, so that the next save is not kept waiting. */
const replayBudgetMs = 5_000;
/** Not counted: Python's first imports and allocations. */
const warmups = 3;

/** One Triton that serves each save of a model's folder as a version of its own. */
export class DevSession {
  readonly #args: DevSessionArgs;
  readonly #saves: string;
  readonly #repository: string;
  #triton: DevTriton | undefined;
  #port: number | undefined;
  #number = 0;
  #good: Good | undefined;

  /** Starts nothing: the first save does. */
  constructor(args: DevSessionArgs) {
    this.#args = args;
    this.#port = args.port;
    this.#saves = join(args.folder.path, "saves");
    this.#repository = join(args.folder.path, "repository");
  }

  /** Where requests go: `http://127.0.0.1:8000/v2/models/fraud/infer`. Empty before the first save. */
  get url(): string {
    return this.#triton === undefined ? "" : `${this.#triton.url}/v2/models/${this.#args.name}/infer`;
  }

  /** Resolves when the server has ended by itself; never before there is one. */
  async crashed(): Promise<void> {
    const triton = this.#triton;
    if (triton === undefined) return new Promise(() => {});
    await triton.ended;
  }

  /**
   * Serves the repository in `source`, sends it the requests and compares it with the last save that answered. That one
   * goes on answering where this does not. `savedAt` is the time of the save, ms since 1970.
   */
  async serve(source: string, savedAt: number = Date.now()): Promise<SaveReport> {
    this.#number += 1;
    const base = { number: this.#number, at: new Date().toISOString() };
    const { name, model, folder } = this.#args;
    const problems = repositoryProblems(name, model, source, { backends: backendsFor(model.server), gpu: true });
    if (problems.length > 0) return { ...base, outcome: "refused", problems, ...this.#serving() };
    const triton = await this.#server();
    const good = this.#good;
    const gpu = model.server.gpu !== undefined;
    const { repository } = await standIn(source, join(folder.path, "stand-ins"), gpu);
    // Files of another version may have the same size and time, as git writes them.
    const unchanged = good?.source === source ? good.save : undefined;
    const save = stageSave(repository, this.#saves, this.#number, unchanged);
    const beside = good !== undefined && fitBesides(good.save, save);
    showSaves(this.#repository, beside ? [good.save, save] : [save]);
    const mark = triton.logMark();
    const error = await this.#load(triton, save);
    if (error !== undefined) {
      const findings = await this.#findings(triton, mark, error);
      await this.#goBack(triton, save, false);
      return { ...base, outcome: "doesNotLoad", findings, ...this.#serving() };
    }
    return { ...base, ...(await this.#tried(triton, { save, source }, beside, savedAt)) };
  }

  /** After the server has ended by itself: starts it again with the last save that answered, and says why it ended. */
  async restart(): Promise<string> {
    const ended = await this.#triton?.ended;
    await this.#server();
    return ended?.message ?? `exit code ${ended?.exitCode ?? "?"}`;
  }

  /** Ends the server and removes everything that the session has made. */
  async stop(): Promise<void> {
    await this.#triton?.stop();
    await this.#args.folder.remove();
  }

  #serving(): { serving?: number } {
    return this.#good === undefined ? {} : { serving: this.#good.save.number };
  }

  async #server(): Promise<DevTriton> {
    if (this.#triton !== undefined && !this.#triton.over) return this.#triton;
    await this.#triton?.stop();
    const { tool, model, folder, signal } = this.#args;
    const standIns = backendsFor(model.server).filter((backend) => backend !== "python");
    const backends = await standInBackends(tool.backends, standIns, join(folder.path, "backends"));
    const started = await DevTriton.start(
      {
        tool: { ...tool, backends },
        folder: folder.path,
        repository: this.#repository,
        sharedMemoryPrefix: folder.sharedMemoryPrefix,
        ...(this.#port === undefined ? {} : { port: this.#port }),
      },
      signal,
    );
    this.#triton = started;
    // Callers find a server that had to be started again where it was.
    this.#port = Number(new URL(started.url).port);
    if (this.#good !== undefined) {
      showSaves(this.#repository, [this.#good.save]);
      await this.#load(started, this.#good.save);
    }
    return started;
  }

  /** What Triton says against the save; `undefined` if all its models are loaded. */
  async #load(triton: DevTriton, save: StagedSave): Promise<string | undefined> {
    const { name, model, signal } = this.#args;
    const others = [...save.configs.keys()].filter((one) => one !== name);
    const waiting = new AbortController();
    const startupMs = milliseconds(model.server.startup as Duration);
    const longest = sleep(startupMs, `it was not loaded within ${model.server.startup}, which server.startup allows`, {
      signal: AbortSignal.any([waiting.signal, signal]),
    }).catch(() => "the session ends");
    try {
      for (const one of [...others, name]) {
        const error = await Promise.race([triton.load(one), longest]);
        if (error !== undefined) return error;
      }
      return undefined;
    } finally {
      waiting.abort();
    }
  }

  /** Serves the last save that answered, and none other. */
  async #goBack(triton: DevTriton, save: StagedSave, wasLoaded: boolean): Promise<void> {
    const { name } = this.#args;
    const good = this.#good;
    if (good !== undefined) {
      showSaves(this.#repository, [good.save]);
      // Where a save did not load, Triton has kept it, and would load it anew.
      if (!triton.over && (wasLoaded || !(await triton.isReady(name, good.save.number)))) {
        await this.#load(triton, good.save);
      }
    } else if (!triton.over) {
      await triton.unload(name);
    }
    if (triton.over) await this.#server();
    rmSync(save.folder, { recursive: true, force: true });
  }

  async #tried(
    triton: DevTriton,
    { save, source }: Pick<Good, "save" | "source">,
    beside: boolean,
    savedAt: number,
  ): Promise<Omit<SaveReport, "number" | "at">> {
    const { name } = this.#args;
    const inputs = await triton.inputs(name, save.number);
    const bodies = this.#bodies(inputs);
    const first = await this.#ask(triton, save.number, bodies[0] ?? "{}");
    const firstAnswerMs = first.outputs === undefined ? {} : { firstAnswerMs: Date.now() - savedAt };
    const good = this.#good;
    const [before, after] = await this.#replay(triton, beside ? good?.save.number : undefined, save.number, bodies);
    const { count, first: said = first.error } = failures(after);
    const requests = {
      sent: after.answers.length,
      failed: count,
      ...(said === undefined || (count === 0 && !triton.over) ? {} : { firstFailure: said }),
    };
    if (triton.over || (count > 0 && count === after.answers.length)) {
      const tookDown = triton.over ? { tookDown: true as const } : {};
      await this.#goBack(triton, save, true);
      return { outcome: "fails", ...tookDown, requests, ...this.#serving() };
    }
    const now: Good = { save, source, replay: after, inputs: JSON.stringify(inputs) };
    const compared = good === undefined ? {} : this.#compared(good, before ?? good.replay, now);
    this.#good = now;
    if (good !== undefined) await this.#forget(triton, good.save);
    const latency = latencies(after);
    return {
      outcome: "serves",
      ...firstAnswerMs,
      requests,
      ...(good === undefined
        ? {
            ...(latency === undefined ? {} : { latencyMs: { after: latency } }),
            ...(after.meanScore === undefined ? {} : { meanScore: { after: after.meanScore } }),
          }
        : compared),
      ...this.#serving(),
    };
  }

  #compared(good: Good, before: Replay, { replay: after, inputs }: Good): Partial<SaveReport> {
    const [was, is] = [latencies(before), latencies(after)];
    const fits = this.#args.bodies !== undefined || good.inputs === inputs;
    return {
      against: good.save.number,
      ...(fits
        ? { comparison: compareReplays(before, after) }
        : { notCompared: "the model takes other inputs than before" }),
      latencyMs: { ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) },
      ...(before.meanScore === undefined && after.meanScore === undefined
        ? {}
        : {
            meanScore: {
              ...(before.meanScore === undefined ? {} : { before: before.meanScore }),
              ...(after.meanScore === undefined ? {} : { after: after.meanScore }),
            },
          }),
    };
  }

  /** The memory of two versions is needed while they are compared, and no longer. */
  async #forget(triton: DevTriton, old: StagedSave): Promise<void> {
    if (this.#good === undefined) return;
    showSaves(this.#repository, [this.#good.save]);
    await this.#load(triton, this.#good.save);
    rmSync(old.folder, { recursive: true, force: true });
  }

  #bodies(inputs: readonly ModelInput[]): readonly string[] {
    const { bodies, requests } = this.#args;
    // The same for each save, so that answers can be compared.
    return (bodies ?? requestBodies(inputs, seededRandom(1))).slice(0, requests);
  }

  /** Sends the requests to one version or, in turn, to both, so that both meet the same load of the machine. */
  async #replay(
    triton: DevTriton,
    before: number | undefined,
    after: number,
    bodies: readonly string[],
  ): Promise<[Replay | undefined, Replay]> {
    const versions = before === undefined ? [after] : [before, after];
    for (const version of versions) {
      for (const body of bodies.slice(0, warmups)) await this.#ask(triton, version, body);
    }
    const metrics = await triton.metrics();
    const answers = new Map<number, Replayed[]>(versions.map((version) => [version, []]));
    const until = performance.now() + replayBudgetMs;
    for (const [index, body] of bodies.entries()) {
      if (performance.now() > until || this.#args.signal.aborted || triton.over) break;
      for (const version of index % 2 === 0 ? versions : versions.toReversed()) {
        answers.get(version)?.push(await this.#ask(triton, version, body));
      }
    }
    const grown = await triton.metrics();
    const replay = (version: number): Replay => {
      const mean = meanScore(metrics, grown, this.#args.name, version);
      return { answers: answers.get(version) ?? [], ...(mean === undefined ? {} : { meanScore: mean }) };
    };
    return [before === undefined ? undefined : replay(before), replay(after)];
  }

  async #ask(triton: DevTriton, version: number, body: string): Promise<Replayed> {
    const { status, text, latencyMs } = await triton.infer(this.#args.name, version, body);
    // A connection breaks a moment before the process has ended.
    if (status === 0) await Promise.race([triton.ended, sleep(1_000)]);
    return status === 200
      ? { latencyMs, outputs: tensorsOf(text) }
      : { latencyMs, error: status === 0 ? `Triton ended: ${text}` : errorOf(text) };
  }

  /** Why the save does not load, from what Triton has written since it began. */
  async #findings(triton: DevTriton, mark: number, error: string): Promise<Finding[]> {
    // The log comes through a pipe, a moment after the answer.
    await sleep(100);
    const pod = `save ${this.#number}`;
    const now = new Date().toISOString();
    const { model, declared } = this.#args;
    const lines = tellingLines(triton.logSince(mark));
    const logCommand = this.#args.logCommand ?? `less ${triton.logFile}`;
    const diagnosed = (log: readonly string[]) =>
      diagnose({
        model: declared,
        at: now,
        embedded: true,
        kubectl: "kubectl",
        pods: [
          {
            name: pod,
            version: model.version,
            hash: "",
            createdAt: now,
            phase: "Running",
            ready: false,
            ending: false,
            containers: [{ name: "triton", init: false, ready: false, started: false, restarts: 0, log }],
            logCommand,
          },
        ],
        events: [],
        notRead: {},
      }).filter(({ follows, about }) => !follows && about.includes(pod));
    // The answer is the end of what the log says, and may be all there is.
    const found = [diagnosed(lines), diagnosed([error])].find((findings) => findings.length > 0);
    if (found !== undefined) return found;
    return [
      {
        rule: "unknown",
        area: "model",
        cause: "Triton does not load it, and nothing that is known says why.",
        evidence: [error.trim(), ...lines.slice(-2)].filter((line) => line !== ""),
        confidence: "possible",
        change: "Read its log.",
        next: logCommand,
        about: [pod],
        final: true,
        follows: false,
      },
    ];
  }
}
