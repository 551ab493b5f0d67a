import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ProblemError } from "../components/core/problem.ts";
import type { Environment } from "./environments/environment.ts";

/** Where a project registers its environments, below its folder. */
const environmentsFile = join("stacks", "environments", "index.ts");

/**
 * The folder of the project that a command is about: the nearest one above the working directory with a `Pulumi.yaml`
 * and environments; else the checkout that the command is part of.
 */
export const projectDirectory = findProject(process.cwd()) ?? fileURLToPath(new URL("..", import.meta.url));

/** The name of the Pulumi project, as `Pulumi.yaml` has it: the namespace of configuration keys. */
export const project = projectName(join(projectDirectory, "Pulumi.yaml"));

/** Every environment of the project, by key; the command and the stack program know no others. */
export const environments: Readonly<Record<string, Environment>> = await loadEnvironments();

/**
 * What encrypts the secrets of a stack, as its settings file has it (`secretsprovider`). Undefined: the backend's own
 * way, or there is no such file.
 */
export function secretsProviderOf(stack: string, folder: string = projectDirectory): string | undefined {
  return /^secretsprovider:\s*["']?([^"'\s]+)/m.exec(settingsOf(stack, folder))?.[1];
}

/**
 * A plain configuration value of a stack, as its settings file has it. Undefined: it is not set, is a secret, or is
 * longer than a line.
 */
export function configuredValue(stack: string, key: string, folder: string = projectDirectory): string | undefined {
  const name = `${projectName(join(folder, "Pulumi.yaml"))}:${key}`.replaceAll(".", "\\.");
  return new RegExp(`^ +["']?${name}["']?: +["']?([\\w.-]+)["']? *$`, "m").exec(settingsOf(stack, folder))?.[1];
}

function settingsOf(stack: string, folder: string): string {
  const [, configFolder = "."] = /^stackConfigDir:\s*["']?([^"'\n]+)/m.exec(textOf(join(folder, "Pulumi.yaml"))) ?? [];
  return textOf(join(folder, configFolder.trim(), `Pulumi.${stack}.yaml`));
}

/** Whether an environment has a file that the record of environments does not name. */
export function isUnregistered(name: string): boolean {
  return /^[\w-]+$/.test(name) && existsSync(join(projectDirectory, "stacks", "environments", `${name}.ts`));
}

function findProject(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml")) && existsSync(join(folder, environmentsFile))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function projectName(file: string): string {
  return /^name:\s*["']?([\w.-]+)/m.exec(textOf(file))?.[1] ?? "serin";
}

/** Empty where there is no such file. */
function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

async function loadEnvironments(): Promise<Readonly<Record<string, Environment>>> {
  const file = join(projectDirectory, environmentsFile);
  if (!existsSync(file)) return {};
  const loaded: { readonly environments?: unknown } = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw unloadable(error, file);
  });
  if (typeof loaded.environments === "object" && loaded.environments !== null) {
    return loaded.environments as Readonly<Record<string, Environment>>;
  }
  throw new ProblemError("The project declares no environments", [
    {
      path: file,
      reason: "it exports no object called environments.",
      fix: "Write: export const environments = { … };",
    },
  ]);
}

/** An error in a file of the project is its owner's to mend: where it is and what it says, without a stack trace. */
function unloadable(error: unknown, file: string): Error {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const inProject = stack.split("\n").find((line) => line.includes(projectDirectory) && /:\d+/.test(line)) ?? "";
  const [place = file] = /\/[^()\s]+:\d+(?::\d+)?/.exec(inProject.replace("file://", "")) ?? [];
  return new ProblemError("The environments of the project cannot be loaded", [
    {
      path: place,
      reason: /[.!?]$/.test(message) ? message : `${message}.`,
      ...(/ is not defined$/.test(message) ? { fix: "Import it, or mend its spelling." } : {}),
    },
  ]);
}
