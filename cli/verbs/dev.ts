import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { exitCodes, type Problem, rejectProblems } from "../../components/core/problem.ts";
import { type Model, withVersion } from "../../components/model/model.ts";
import { newestSave, saves } from "../../embedded/dev/savedFiles.ts";
import { makeSessionFolder } from "../../embedded/dev/sessionFolder.ts";
import { standInText } from "../../embedded/standIn/standIn.ts";
import { ensureTriton } from "../../embedded/toolchain/index.ts";
import { diagnosed } from "../../rehearsal/cluster/modelPlace.ts";
import { DevSession, type SaveReport } from "../../rehearsal/dev/devSession.ts";
import { saveText } from "../../rehearsal/dev/saveText.ts";
import { sampleRepository } from "../../rehearsal/local/localCluster.ts";
import { storedVersion } from "../../rehearsal/local/modelStore.ts";
import { readRequests } from "../../rehearsal/requestFile.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import { printable } from "../printable.ts";
import type { Answer, Invocation, LongAnswer } from "../run.ts";

/** The options of `serin dev`. */
export interface DevOptions {
  /** `--environment`: where the model is declared. Nothing of it has to run. @default `local` */
  readonly environment: string;
  /** `--version`: the version whose folder is edited. @default the declared one */
  readonly version?: string;
  /** `--folder`: the Triton repository that is edited. @default the version's in the model store of `local` */
  readonly folder?: string;
  /** `--input`: a file of requests as of `serin rehearse`. @default random requests */
  readonly input?: string;
  /** `--requests`: how many requests each save is sent at most. @default 200 */
  readonly requests: number;
  /** `--port`: of Triton's HTTP protocol on 127.0.0.1. @default 8000, or a free one */
  readonly port?: number;
  /** `--once`: serve what is there and compare it with the declared version, then end. */
  readonly once?: boolean;
  /** `--release`: the same, and then a rehearsal of the version on the embedded `local`, which must be up. */
  readonly release?: boolean;
}

/**
 * `serin dev`: serves each save of a version's folder and says what it changed, until Ctrl-C.
 *
 * @throws ProblemError for wrong input, a Triton that cannot be had or started
 */
export async function dev(name: string, options: DevOptions, invocation: Invocation): Promise<Answer | LongAnswer> {
  const environment = declaredEnvironment(options.environment);
  const declared = declaredModel(environment, name);
  const model = withVersion(declared, options.version ?? declared.version);
  const stored = options.folder ?? storedVersion(name, model, sampleRepository, "--version");
  const requests = options.input === undefined ? undefined : readRequests(options.input);
  rejectProblems(`Model "${name}" cannot be served`, [
    ...optionProblems(name, options, model, declared, invocation.json),
    ...(typeof stored !== "string" ? stored : existsSync(stored) ? [] : [noFolder(stored)]),
    ...(requests?.problems ?? []),
  ]);
  const folder = resolve(String(stored));
  const baseline = model.version === declared.version ? undefined : baselineOf(name, declared);

  const say = (text: string): void => {
    process.stderr.write(`${printable(text)}\n`);
  };
  const { signal } = invocation;
  const standIn = standInText(model.server);
  if (standIn !== undefined) say(`${name} is not as on a cluster: ${standIn}`);
  const tool = await ensureTriton({
    signal,
    onProgress: ({ state, how, elapsedMs }) => {
      if (state === "started") say(`Triton is fetched, once for this user: ${how}.`);
      if (state === "done") say(`Triton is there after ${Math.round(elapsedMs / 1_000)} s.`);
    },
  });
  const once = options.once === true || options.release === true;
  const session = new DevSession({
    name,
    model,
    declared: diagnosed(environment, name, model),
    tool,
    folder: await makeSessionFolder(),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(requests === undefined ? {} : { bodies: requests.bodies.map(({ text }) => text) }),
    requests: options.requests,
    // The log goes with the session.
    ...(once
      ? { logCommand: `npx serin dev ${name}${options.version === undefined ? "" : ` --version ${options.version}`}` }
      : {}),
    signal,
  });
  if (!once) {
    return { pieces: watched(session, { name, version: declared.version, folder, baseline, signal }) };
  }
  const reports: SaveReport[] = [];
  try {
    for (const one of baseline === undefined ? [folder] : [baseline, folder]) {
      signal.throwIfAborted();
      reports.push(await session.serve(one));
    }
  } finally {
    await session.stop();
  }
  const text = reports.map((one, index) => saved(one, baseline !== undefined && index === 0, declared.version));
  const served = reports.at(-1)?.outcome === "serves";
  if (options.release === true && served) {
    if (!invocation.json) process.stdout.write(`${printable(text.join("\n\n"))}\n\n`);
    const { rehearse } = await import("./rehearse.ts");
    const { environment: where } = options;
    const rehearsal = {
      to: model.version,
      fault: "",
      report: "rehearsals",
      environment: where,
      ...(options.input === undefined ? {} : { input: options.input }),
    };
    const answer = await rehearse(name, rehearsal, invocation);
    return { ...answer, result: { saves: reports, rehearsal: answer.result } };
  }
  return {
    result: { saves: reports },
    text: text.join("\n\n"),
    exitCode: served ? exitCodes.ok : exitCodes.badInput,
  };
}

interface Watched {
  readonly name: string;
  /** The declared version. */
  readonly version: string;
  readonly folder: string;
  /** The repository of the declared version, where another one is edited. */
  readonly baseline: string | undefined;
  readonly signal: AbortSignal;
}

async function* watched(
  session: DevSession,
  { name, version, folder, baseline, signal }: Watched,
): AsyncGenerator<string> {
  const shown = relative(process.cwd(), folder);
  try {
    yield `${name}: each save below ${shown.startsWith("..") ? folder : shown} is served. Ctrl-C ends it.\n\n`;
    if (baseline !== undefined) yield `${saved(await session.serve(baseline), true, version)}\n\n`;
    const changes = saves(folder, { signal })[Symbol.asyncIterator]();
    let said = "";
    let first = true;
    let restarts = 0;
    let next = changes.next();
    while (!signal.aborted) {
      // A save that ends the server again and again waits for the next one.
      const change = await (restarts < mostRestarts ? Promise.race([next, session.crashed()]) : next);
      if (signal.aborted) break;
      if (change === undefined) {
        restarts += 1;
        yield `${clock()}  Triton ended: ${await session.restart()}\nIt runs again.\n\n`;
        continue;
      }
      if (change.done === true) break;
      const now = Date.now();
      const newest = newestSave(change.value);
      // What was there before the command began was not saved just now.
      const report = await session.serve(folder, !first && newest < now && now - newest < recentMs ? newest : now);
      first = false;
      restarts = 0;
      if (signal.aborted) break;
      yield `${clock()}  ${saved(report, false, version)}\n`;
      if (session.url !== said && session.url !== "") yield `  ${"url".padEnd(10)}${session.url}\n`;
      said = session.url;
      yield "\n";
      next = changes.next();
    }
  } catch (error) {
    // Ctrl-C is how it ends.
    if (!signal.aborted) throw error;
  } finally {
    await session.stop();
  }
}

const mostRestarts = 3;

/** A file that is older was moved here, not saved. */
const recentMs = 10_000;

function saved(report: SaveReport, isBaseline: boolean, version: string): string {
  const text = printable(saveText(report));
  return isBaseline ? `Version ${version}, as it is declared. ${text}` : text;
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

function baselineOf(name: string, declared: Model): string | undefined {
  const found = storedVersion(name, declared, sampleRepository, "--version");
  return typeof found === "string" ? found : undefined;
}

function optionProblems(
  name: string,
  { once, release, folder, environment }: DevOptions,
  model: Model,
  declared: Model,
  json: boolean,
): Problem[] {
  return [
    ...(json && once !== true && release !== true
      ? [{ path: "--json", reason: "there is one document, at the end.", fix: "Add --once." }]
      : []),
    ...(release === true && folder !== undefined
      ? [{ path: "--release", reason: "a rehearsal reads the model store.", fix: "Put the version there." }]
      : []),
    ...(release === true && model.version === declared.version
      ? [
          {
            path: "--release",
            reason: `version "${model.version}" is what environment "${environment}" declares, so there is nothing to release.`,
            fix: `Copy its folder to another version and edit that: npx serin dev ${name} --version <version> --release`,
          },
        ]
      : []),
  ];
}

function noFolder(folder: string): Problem {
  return {
    path: "--folder",
    reason: `${folder} does not exist.`,
    fix: "Name a folder with <model>/config.pbtxt in it.",
  };
}
