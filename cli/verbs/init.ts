import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { clouds } from "../../components/cluster/clouds.ts";
import { type Problem, ProblemError, rejectProblems, unknownChoice } from "../../components/core/problem.ts";
import { environmentProblems } from "../../stacks/environments/environmentProblems.ts";
import { type CiSystem, ciFiles, ciSystems } from "../init/ciFiles.ts";
import { type StarterAnswers, type StarterManifest, starterEnvironment, starterFiles } from "../init/starter.ts";
import type { Answer, Invocation } from "../run.ts";

/** Answers that the command line gives; what is left out is asked for on a terminal. */
export interface InitOptions {
  /** The environment's name. @default "dev" */
  readonly name?: string;
  /** The cluster's cloud. @default "aws" */
  readonly cloud?: string;
  /** The cloud's region. @default one of the cloud's */
  readonly region?: string;
  /** The domain that models are reached under. @default "models.example.com" */
  readonly domain?: string;
  /** The model's name. @default "classifier" */
  readonly model?: string;
  /** The Triton backend. @default "python" */
  readonly backend?: string;
  /** Asks nothing. */
  readonly yes?: boolean;
  /** The CI system whose files are written too; into a project that is there, they alone. @default none */
  readonly ci?: string;
}

/**
 * Writes the smallest project that plans: one environment, one model; or a CI's files into a project that is there.
 * Never overwrites a file.
 *
 * @throws ProblemError for a folder that is in use and for every wrong answer; then nothing was written.
 */
export async function init(folder: string, options: InitOptions, { json, signal }: Invocation): Promise<Answer> {
  const target = resolve(folder);
  const ci = ciSystem(options.ci);
  if (ci !== undefined && isProject(target)) return addCi(ci, target, options);
  rejectProblems(`${folder || "The folder"} cannot become a project`, folderProblems(folder, target));
  const answers = await ask(options, { asks: options.yes !== true && !json && process.stdin.isTTY === true, signal });
  rejectProblems("The project cannot be written", answerProblems(answers));
  const files = { ...starterFiles(answers, manifest()), ...(ci === undefined ? {} : ciFiles(ci)) };
  writeFiles(target, files);
  const names = Object.keys(files);
  return {
    result: { folder: target, environment: answers.environment, files: names },
    text: [
      `A project with environment "${answers.environment}" and model "${answers.model}":`,
      "",
      ...names.map((name) => `  ${join(shownFolder(target), name)}`),
      "",
      "Next:",
      `  cd ${shownFolder(target)}`,
      ...installation(),
      `  npx serin plan ${answers.environment}        # what it declares; no account, no network`,
      `  npx serin preflight ${answers.environment}   # the quota that it needs`,
      "",
      "The documentation is in node_modules/serin/docs: begin with how-to/first-day.md there.",
    ].join("\n"),
  };
}

function ciSystem(name: string | undefined): CiSystem | undefined {
  const known = ciSystems.find((one) => one === name);
  if (name === undefined || known !== undefined) return known;
  throw new ProblemError("The files of a CI cannot be written", [unknownChoice("--ci", name, ciSystems)]);
}

function isProject(folder: string): boolean {
  return existsSync(join(folder, "Pulumi.yaml")) && existsSync(join(folder, "stacks", "environments"));
}

/** Options that say what a new project is made of. */
const ofNewProjects = ["name", "cloud", "region", "domain", "model", "backend"] as const;

/** A CI's files alone, all or none. */
function addCi(ci: CiSystem, target: string, options: InitOptions): Answer {
  const files = ciFiles(ci);
  const names = Object.keys(files);
  // Scripts that another CI of the same project has already, unchanged, are shared.
  const missing = names.filter((name) => textOf(join(target, name)) !== files[name]);
  rejectProblems("The files of the CI cannot be written", [
    ...ofNewProjects
      .filter((option) => options[option] !== undefined)
      .map((option) => ({
        path: `--${option}`,
        reason: "it is for a new project, and this one is there.",
        fix: "Leave it out.",
      })),
    ...missing
      .filter((name) => existsSync(join(target, name)))
      .map((name) => ({
        path: name,
        reason: "it is there, with another text, and nothing is overwritten.",
        fix: "Move it, write the files, and compare the two.",
      })),
  ]);
  writeFiles(target, Object.fromEntries(missing.map((name) => [name, files[name] ?? ""])));
  return {
    result: { folder: target, ci, files: names },
    text: [
      `Files for ${ci}:`,
      "",
      ...names.map((name) => `  ${join(shownFolder(target), name)}${missing.includes(name) ? "" : "  (as it was)"}`),
      "",
      "What to set in its settings: node_modules/serin/docs/how-to/ci.md.",
    ].join("\n"),
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function writeFiles(target: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(target, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: "wx", mode: name.endsWith(".sh") ? 0o777 : 0o666 });
  }
}

/**
 * The commands that install the new project. A checkout is in no registry: its package is made first, and `npm install`
 * writes the archive into the project's package.json.
 */
function installation(): string[] {
  const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  if (!existsSync(join(checkout, "cli/serin.ts"))) return ["  npm install"];
  return [
    `  npm pack --silent --pack-destination . ${checkout}`,
    `  npm install ./serin-${manifest().version}.tgz   # keep this file with the project`,
  ];
}

/** The folder as a person would type it from here. */
function shownFolder(target: string): string {
  const near = relative(process.cwd(), target);
  return near.startsWith("..") ? target : near || ".";
}

function folderProblems(folder: string, target: string): Problem[] {
  const path = "folder";
  if (folder === "") return [{ path, reason: "it has no name.", fix: 'Name a new folder, or write "." for this one.' }];
  try {
    if (!existsSync(target) || readdirSync(target).every((name) => name === ".git")) return [];
    return [{ path, reason: `"${folder}" is not empty, and nothing is overwritten.`, fix: "Name a new folder." }];
  } catch (error) {
    return [
      {
        path,
        reason: `"${folder}" cannot be used: ${error instanceof Error ? error.message : error}.`,
        fix: "Name a new folder.",
      },
    ];
  }
}

/** What most people answer. */
const standard: Omit<StarterAnswers, "region"> = {
  environment: "dev",
  cloud: Object.keys(clouds)[0] ?? "",
  domain: "models.example.com",
  model: "classifier",
  backend: "python",
};

/** The questions in their order, with the answers that most people give. */
async function ask(
  options: InitOptions,
  { asks, signal }: { readonly asks: boolean; readonly signal: AbortSignal },
): Promise<StarterAnswers> {
  const terminal = asks ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  const answer = async (given: string | undefined, question: string, usual: string): Promise<string> => {
    if (given !== undefined || terminal === undefined) return given ?? usual;
    const typed = await terminal.question(`${question} (${usual}): `, { signal });
    return typed.trim() === "" ? usual : typed.trim();
  };
  try {
    const environment = await answer(options.name, "Name of the environment", standard.environment);
    const cloud = await answer(options.cloud, `Cloud: ${Object.keys(clouds).join(", ")}`, standard.cloud);
    const near = Object.hasOwn(clouds, cloud) ? (clouds[cloud]?.starter.region ?? "") : "";
    const region = near === "" ? (options.region ?? "") : await answer(options.region, "Region", near);
    return {
      environment,
      cloud,
      region,
      domain: await answer(options.domain, "Domain of the models", standard.domain),
      model: await answer(options.model, "Name of the first model", standard.model),
      backend: await answer(options.backend, "Its Triton backend", standard.backend),
    };
  } finally {
    terminal?.close();
  }
}

/** Everything wrong with the answers, by the option that gives each. */
function answerProblems(answers: StarterAnswers): Problem[] {
  if (!Object.hasOwn(clouds, answers.cloud)) {
    return [unknownChoice("--cloud", answers.cloud, Object.keys(clouds))];
  }
  if (clouds[answers.cloud]?.starter.region === undefined && answers.region !== "") {
    return [{ path: "--region", reason: "clusters of this cloud are in no region.", fix: "Leave it out." }];
  }
  // One answer at a time, the others being right: one that has a wrong form would hide the rest.
  const right: StarterAnswers = {
    ...standard,
    cloud: answers.cloud,
    region: clouds[answers.cloud]?.starter.region ?? "",
  };
  const given = Object.entries(answers) as [keyof StarterAnswers, string][];
  const ofRecord: Problem[] =
    answers.environment === "index"
      ? [
          {
            path: "--name",
            reason: '"index" is the name of the file that registers environments.',
            fix: 'Write another name, for example "dev".',
          },
        ]
      : [];
  const ofAnswers = given.flatMap(([key, value]) => {
    const tried = { ...right, [key]: value };
    return environmentProblems(tried.environment, starterEnvironment(tried)).map((problem) => ({
      ...problem,
      path: key === "environment" ? "--name" : `--${key}`,
    }));
  });
  return [...ofRecord, ...ofAnswers];
}

/** Of serin's own package.json, which stands above the sources in a checkout and above `dist` in the package. */
function manifest(): StarterManifest {
  for (const up of ["../..", "../../.."]) {
    const file = new URL(`${up}/package.json`, import.meta.url);
    if (!existsSync(file)) continue;
    const { version, dependencies } = JSON.parse(readFileSync(file, "utf8")) as {
      version: string;
      dependencies: Record<string, string>;
    };
    return { version, sdk: dependencies["@pulumi/pulumi"] ?? "" };
  }
  throw new ProblemError("The installation is broken", [{ path: "package.json", reason: "it is missing." }]);
}
