import { type ClusterSpec, clouds } from "../../components/cluster/clouds.ts";
import { defineModel, type Model } from "../../components/model/model.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { triton } from "../../components/model/triton.ts";
import type { Environment } from "../../stacks/environments/environment.ts";

/** What a new project is made from. */
export interface StarterAnswers {
  /** The environment's name. */
  readonly environment: string;
  /** The cloud of its cluster, as `cloud` spells it. */
  readonly cloud: string;
  /** The cloud's region. Not used on-prem. */
  readonly region: string;
  /** The domain that models are reached under. */
  readonly domain: string;
  /** The model's name. */
  readonly model: string;
  /** The Triton backend that the model is written for. */
  readonly backend: string;
}

const platform = {
  istio: { install: {}, certificate: { kind: "privateCa" } },
  prometheus: { install: {} },
  argoRollouts: { install: {} },
  modelNamespace: { create: "models" },
} as const;

const traffic = { expectedQps: { trough: 10, peak: 100 } } as const;
const slo = { p99: "200ms", errorRate: "0.1%" } as const;

/** The environment that the files below declare, to be checked before they are written. */
export function starterEnvironment({
  environment,
  cloud,
  region,
  domain,
  model,
  backend,
}: StarterAnswers): Environment {
  const declared: Model = {
    ...defineModel({
      server: triton({ backend: backend as "python" }),
      repository: { modelStore: model },
      traffic,
      slo,
      release: canary(),
    }),
    version: "1",
  };
  const cluster = clouds[cloud]?.starter.cluster(region) as ClusterSpec;
  return { name: environment, clusters: { main: cluster }, platform, domain, models: { [model]: declared } };
}

/** What a new project takes from the package.json of serin. */
export interface StarterManifest {
  /** The version of serin. */
  readonly version: string;
  /**
   * The range of `@pulumi/pulumi` that serin itself has. With another one npm installs two SDKs: one for serin, one for
   * the project and the providers.
   */
  readonly sdk: string;
}

/** The files of a new project, by path. */
export function starterFiles(answers: StarterAnswers, { version, sdk }: StarterManifest): Record<string, string> {
  const { environment, cloud, region, domain, model, backend } = answers;
  const declared = variable(environment, "Environment");
  // A file declares the environment and imports the model.
  const served = variable(model, "Model", [declared]);
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    "Pulumi.yaml": [
      "name: serin",
      "description: GPU model serving as typed code",
      "runtime:",
      "  name: nodejs",
      "  options:",
      "    # Node itself strips the types.",
      "    typescript: false",
      "    # A small heap: two thirds of the memory.",
      "    nodeargs: --max-semi-space-size=8 --heap-growing-percent=60 --no-maglev",
      "main: stacks/index.ts",
      "stackConfigDir: stacks",
      "",
    ].join("\n"),
    "package.json": json({
      name: "models",
      private: true,
      type: "module",
      engines: { node: ">=24" },
      scripts: { plan: `serin plan ${environment}`, typecheck: "tsc" },
      dependencies: { "@pulumi/pulumi": sdk, serin: `^${version}` },
      // `node` puts Node 24 before whatever the machine has, in `npx` and `npm run`.
      devDependencies: { "@types/node": "^24.0.0", node: "^24.0.0", typescript: "^6.0.0" },
      // Of the packages with install scripts only `node` needs its own: it fetches the binary.
      allowScripts: { node: true, "@pulumi/kubernetes": false, protobufjs: false },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        target: "es2024",
        module: "nodenext",
        types: ["node"],
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
      },
      include: ["stacks"],
    }),
    ".gitignore": "node_modules/\n.pulumi/\nplans/\nrehearsals/\nrendered/\n",
    "stacks/index.ts": `import * as pulumi from "@pulumi/pulumi";
import { program } from "serin/program";
import { environments } from "./environments/index.ts";

/** What \`pulumi up\` runs. A default export, and only that: its result becomes the outputs of the stack. */
export default async (): Promise<Record<string, unknown>> => program(pulumi.getStack(), environments);
`,
    "stacks/environments/index.ts": `import type { Environment } from "serin/program";
import { ${declared} } from "./${environment}.ts";

/** Every environment there is, under its name. */
export const environments: Readonly<Record<string, Environment>> = { ${shorthand(environment, declared)} };
`,
    [`stacks/environments/${environment}.ts`]: `import type { Environment } from "serin/program";
import { ${served} } from "../models/${model}.ts";

export const ${declared} = ${literal({
      name: environment,
      clusters: { main: clouds[cloud]?.starter.cluster(region) },
      platform,
      domain,
    }).replace(
      /,?\n\}$/,
      `,\n  models: { ${key(model)}: { ...${served}, version: "1" } },\n}`,
    )} as const satisfies Environment;
`,
    [`stacks/models/${model}.ts`]: `import { canary, defineModel, triton } from "serin/model";

/**
 * Versions are in the model store under ${model}/<version>/${model}/…, as Triton reads a repository.
 * It runs on CPUs. For GPUs, declare \`gpuPools\` at the cluster, and \`gpu: { kind: "L4", count: 1 }\` at the server.
 */
export const ${served} = defineModel({
  server: triton({ backend: "${backend}" }),
  repository: { modelStore: "${model}" },
  traffic: ${inline(traffic)},
  slo: ${inline(slo)},
  release: canary(),
});
`,
  };
}

/** Words that TypeScript keeps and names that the files have already. */
const taken = [
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends",
  "false finally for function if implements import in instanceof interface let new null package private protected",
  "public return static super switch this throw true try typeof undefined var void while with yield",
  "canary defineModel triton environments",
].flatMap((words) => words.split(" "));

/** The variable for a name: camel case, with the kind behind it where a file could not declare it otherwise. */
function variable(name: string, kind: "Environment" | "Model", others: readonly string[] = []): string {
  const camelCase = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return [...taken, ...others].includes(camelCase) ? `${camelCase}${kind}` : camelCase;
}

function shorthand(name: string, variable: string): string {
  return name === variable ? name : `${key(name)}: ${variable}`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A value as TypeScript writes it, on one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${key(name)}: ${inline(inner)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** A value as TypeScript writes it, an object's fields on lines of their own where one line would be too long. */
function literal(value: unknown, margin = ""): string {
  const one = inline(value);
  if (margin.length + one.length <= 90 && margin !== "") return one;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return one;
  const fields = Object.entries(value).map(
    ([name, inner]) => `${margin}  ${key(name)}: ${literal(inner, `${margin}  `)}`,
  );
  return `{\n${fields.join(",\n")},\n${margin}}`;
}
