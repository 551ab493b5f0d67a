import { enableCompileCache } from "node:module";
import { type Argument, Command, InvalidArgumentError, Option } from "commander";
import { exitCodes } from "../components/core/problem.ts";
import { compileCacheFolder } from "../engine/compileCache.ts";
import type { ReleaseVerb } from "../stacks/environments/releaseVerbs.ts";
import type { PlanFormat } from "./planFormats.ts";
import { type Answer, type Invocation, type LongAnswer, run } from "./run.ts";

enableCompileCache(compileCacheFolder);

// What a project's own files print while they load must not stand in the answer.
console.log = console.error;
console.info = console.error;
console.debug = console.error;

const program = new Command("serin")
  .description("Plans, brings up and rehearses the environments declared under stacks/.")
  .version("0.1.0")
  // `--version` of a verb is that of a model; only before a verb it is this program's.
  .enablePositionalOptions()
  // Without `[options]`, which every verb has, the descriptions have room.
  .configureHelp({ subcommandTerm: (one) => [one.name(), ...one.registeredArguments.map(argumentTerm)].join(" ") })
  .showHelpAfterError("(run with --help for the arguments)")
  .showSuggestionAfterError()
  .exitOverride((error) => {
    // A program that reads the answer gets a document, whatever was wrong.
    if (error.exitCode !== 0 && process.argv.includes("--json")) {
      const message = error.message.replace(/^error: /, "");
      process.stdout.write(
        `${JSON.stringify({ error: { message, problems: [], exitCode: exitCodes.badInput } }, undefined, 2)}\n`,
      );
    }
    process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput);
  })
  .addHelpText(
    "after",
    `
Exit codes:
  0    done; of a rehearsal: promoted
  1    a defect of serin
  2    the input is wrong; nothing was changed
  3    a mandatory policy objects, or the environment forbids a verb of release;
       nothing was changed
  4    a tool, a disk, a port or a cluster cannot be had
  5    the release was rolled back, not decided, or did not end in time
  6    stopped half-way; the message says how to go on
  7    a cluster does not pass the preflight and waits; others went on
  130  interrupted; what the verb started has been ended`,
  );

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

interface Common {
  readonly json?: true;
}

/** Every verb: `--json`, and its module loaded only when it runs, so that `--help` and bad arguments answer at once. */
function verb(declaration: string, description: string, of: Command = program): Command {
  return of.command(declaration).description(description).option("--json", "print one JSON document, for programs");
}

function start(options: Common, action: (invocation: Invocation) => Promise<Answer | LongAnswer>): Promise<void> {
  return run(action, { json: options.json === true });
}

const kubeconfigOptions = [
  new Option("--kubeconfig <file>", "use this cluster for `local` instead of the embedded one (kind, k3d, minikube)"),
  new Option("--context <name>", "its context").default(undefined, "the current one"),
];
const engineOption = new Option(
  "--engine <engine>",
  "what applies the stacks of `local`; other environments always use pulumi",
)
  .choices(["live", "pulumi"])
  .default(undefined, "live");

const registryOptions = [
  new Option(
    "--registry-credentials <file>",
    "what the nodes pull images with, as docker login writes it (default: none, so anonymously)",
  ),
  new Option("--skip-registries", "do not ask whether the images of models are there: this machine cannot reach them"),
];

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a number from ${min} to ${max}.`);
  };
}

/** A whole number in a range. */
function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
  };
}

/** A port that needs no rights of an administrator. */
function port(text: string): number {
  if (/^\d{4,5}$/.test(text) && Number(text) >= 1024 && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Write a whole number from 1024 to 65535.");
}

verb("init [folder]", "write the smallest project that plans: one environment, one model")
  .option("--name <environment>", "name of the environment (default: dev)")
  .option("--cloud <cloud>", "aws, azure, gcp or onPrem (default: aws)")
  .option("--region <region>", "the cloud's region (default: one of the cloud's)")
  .option("--domain <domain>", "domain that models are reached under (default: models.example.com)")
  .option("--model <name>", "name of the first model (default: classifier)")
  .option("--backend <backend>", "its Triton backend (default: python)")
  .option("--yes", "ask nothing, and take the defaults for what is not given")
  .option("--ci <system>", "the files of a CI, too: github, gitlab or jenkins; a project that is there gets them alone")
  .action((folder, options) =>
    start(options, async (invocation) =>
      (await import("./verbs/init.ts")).init(folder ?? (options.ci === undefined ? "" : "."), options, invocation),
    ),
  );

function clusterLayer(text: string): "cluster" {
  if (text === "cluster") return text;
  throw new InvalidArgumentError(
    "Only the cluster layer is brought up apart; another: pulumi up -s <environment>-<layer>-<cluster>.",
  );
}

verb("up <environment>", "bring an environment up, or up to date: cluster, platform, models")
  .addOption(engineOption)
  .addOption(kubeconfigOptions[0] as Option)
  .addOption(kubeconfigOptions[1] as Option)
  .option("--gateway-port <port>", "port of the embedded gateway (default: 8080, or a free one)", port)
  .addOption(registryOptions[0] as Option)
  .addOption(registryOptions[1] as Option)
  .option(
    "--layer <layer>",
    "cluster: make the clusters and stop, so that you connect networks and upload models",
    clusterLayer,
  )
  .option("--yes", "take over an embedded environment of another checkout")
  // What other tools have.
  .addOption(new Option("--dry-run").hideHelp())
  .addOption(new Option("--preview").hideHelp())
  .hook("preAction", (_, up) => {
    const asked = ["dryRun", "preview"].find((name) => up.opts()[name] === true);
    if (asked === undefined) return;
    const environment = up.args[0] ?? "<environment>";
    up.error(
      `error: ${asked === "dryRun" ? "--dry-run" : "--preview"} is no option of up. What is declared: npx serin plan ${environment}. What differs from what is deployed: pulumi preview -s ${environment}-cluster`,
    );
  })
  .action((environment, options) =>
    start(options, async (invocation) => (await import("./verbs/up.ts")).up(environment, options, invocation)),
  );

const yesOption = new Option("--yes", "ask nothing: for automation");

verb("down <environment>", "take an environment down; for `local`: every process, port and file of it")
  .addOption(yesOption)
  .addOption(engineOption)
  .addOption(kubeconfigOptions[0] as Option)
  .addOption(kubeconfigOptions[1] as Option)
  .action((environment, options) =>
    start(options, async (invocation) => (await import("./verbs/down.ts")).down(environment, options, invocation)),
  );

verb("status <environment>", "show clusters, platform, models, versions, weights and verdicts")
  .addOption(kubeconfigOptions[0] as Option)
  .addOption(kubeconfigOptions[1] as Option)
  .option("--cluster <name>", "which cluster the kubeconfig leads to, where there are several")
  .action((environment, options) =>
    start(options, async (invocation) => (await import("./verbs/status.ts")).status(environment, options, invocation)),
  );

/** A verb about one pod of a model: `release` options, and which pod. */
function podVerb(declaration: string, description: string): Command {
  const made = verb(declaration, description);
  for (const option of releaseOptions()) made.addOption(option);
  return made
    .option("--version <version>", "only pods of this version of the model")
    .option("--role <role>", "only pods of the version under release (canary), or of the other (stable)")
    .option("--pod <name>", "this pod (default: one that matters now: of a release, else of the stable version)")
    .option("--container <name>", "this container of it (default: the model's)");
}

podVerb("logs <model>", "what a pod of a model writes: of a release before the stable version, in trouble before ready")
  .option("-f, --follow", "go on with what is written later, until Ctrl-C")
  .option("-p, --previous", "of the run before the last restart")
  .option("--tail <lines>", "how many of the last lines, or all (default: 200)")
  .option("--since <duration>", "only what was written in this time: 10m")
  .option("--timestamps", "each line begins with its time")
  .action((model, options) =>
    start(options, async (invocation) => (await import("./verbs/logs.ts")).logs(model, options, invocation)),
  );

podVerb("shell <model> [command...]", "a shell in a pod of a model, or a program: serin shell fraud -- ls").action(
  (model, command, options) =>
    start(options, async (invocation) => (await import("./verbs/shell.ts")).shell(model, command, options, invocation)),
);

podVerb(
  "port-forward <model> [ports...]",
  "ports of a pod on 127.0.0.1, around the gateway: http, 8000, 9000:http",
).action((model, ports, options) =>
  start(options, async (invocation) =>
    (await import("./verbs/portForward.ts")).portForward(model, ports, options, invocation),
  ),
);

verb("kubeconfig [environment]", "the kubeconfig of a cluster, for kubectl, k9s and Lens (default: of local)")
  .option("--cluster <name>", "which cluster, where there are several")
  .option("--path", "print where the file is; only local has one")
  .action((environment, options) =>
    start(options, async () => (await import("./verbs/kubeconfig.ts")).kubeconfig(environment ?? "local", options)),
  );

const doctorVerb = verb(
  "doctor [model]",
  "name the cause of what is wrong with a model, or with all, and what to change",
);
for (const option of releaseOptions()) doctorVerb.addOption(option);
doctorVerb.action((model, options) =>
  start(options, async (invocation) => (await import("./verbs/doctor.ts")).doctor(model, options, invocation)),
);

verb("predict <model>", "send one request through the gateway: answer, version, latency")
  .option("--environment <name>", "where the model runs", "local")
  .option("--input <json>", "the request as Triton's HTTP protocol has it (default: a sample request)")
  .action((model, options) =>
    start(options, async (invocation) => (await import("./verbs/predict.ts")).predict(model, options, invocation)),
  );

verb("dev <model>", "serve each save of a version's folder and say what it changed, until Ctrl-C; needs no `up`")
  .option("--version <version>", "the version that is edited (default: the declared one)")
  .option(
    "--folder <folder>",
    "the Triton repository that is edited (default: the version's in stacks/models/repository)",
  )
  .option("--input <file>", "requests that each save answers, a JSON body on each line (default: random ones)")
  .option("--requests <number>", "how many requests each save is sent at most", number(1, 100_000), 200)
  .option("--port <port>", "port of Triton on 127.0.0.1 (default: 8000, or a free one)", port)
  .option("--once", "serve what is there, compare it with the declared version, and end")
  .option("--release", "the same, and then rehearse it as a canary on `local`")
  .option("--environment <name>", "where the model is declared", "local")
  .action((model, options) =>
    start(options, async (invocation) => (await import("./verbs/dev.ts")).dev(model, options, invocation)),
  );

verb("rehearse <model>", "release a version under traffic, on real controllers, and go back to what is declared")
  .requiredOption("--to <version>", "the version to release")
  .option(
    "--fault <faults>",
    "what it does wrong: errors=1%, latency=+200ms, crash, pod-kill=30s …; several with commas; all: docs/cli.md",
    "",
  )
  .option("--rate <requests>", "requests per second (default: the model's expected trough)", number(1, 2_000))
  .option("--input <file>", "requests to send: a JSON body a line, or one (default: random ones of the model's shape)")
  .addOption(new Option("--order <order>", "of the file's requests: in turn, or by chance").choices(["turn", "random"]))
  .option("--seed <number>", "the same seed sends the same requests at the same intervals", whole(0, 4_294_967_295))
  .option(
    "--timeout <duration>",
    "longest time to wait for the end (default: twice what a healthy version takes, at least 15m)",
  )
  .option("--repeat <times>", "rehearse so many times, with a table of outcomes and intervals", whole(1, 100))
  .option("--report <folder>", "where the report goes, as JSON and as a page", "rehearsals")
  .option("--environment <name>", "the embedded environment to use", "local")
  .option("--yes", "use an embedded environment of another checkout")
  .action((model, options) =>
    start(options, async (invocation) => (await import("./verbs/rehearse.ts")).rehearse(model, options, invocation)),
  );

verb("scenario <file>", "rehearse what a file lists, and compare each outcome with the one that it expects")
  .option("--report <folder>", "where the reports go, as JSON and as pages", "rehearsals")
  .option("--yes", "use an embedded environment of another checkout")
  .action((file, options) =>
    start(options, async (invocation) => (await import("./verbs/scenario.ts")).scenario(file, options, invocation)),
  );

const model = program.command("model").description("look at the files of a model");

verb("digest <folder>", "what `artifact` of a model says of the version in this folder", model).action(
  (folder, options) => start(options, async () => (await import("./verbs/modelDigest.ts")).modelDigest(folder)),
);

const release = program.command("release").description("look at a release, and go on, back or wait by hand");

/** Which environment and cluster a verb about a deployed model looks at. */
function releaseOptions(): Option[] {
  return [
    new Option("--environment <name>", "where the model is declared").default("local"),
    new Option("--kubeconfig <file>", "the cluster (default: the embedded one of `local`)"),
    kubeconfigOptions[1] as Option,
    new Option("--cluster <name>", "which cluster the kubeconfig leads to, where there are several"),
  ];
}

function releaseVerb(declaration: string, description: string): Command {
  const made = verb(declaration, description, release);
  for (const option of releaseOptions()) made.addOption(option);
  return made;
}

releaseVerb("status <model>", "who has the traffic, what is being decided and by what, and what people did").action(
  (model, options) =>
    start(options, async (invocation) =>
      (await import("./verbs/releaseStatus.ts")).releaseStatus(model, options, invocation),
    ),
);

const watchVerb = verb(
  "watch <model>",
  "a release until it ends: weight, both versions, evidence, what is left; then its exit code",
);
for (const option of releaseOptions()) watchVerb.addOption(option);
watchVerb.action((model, options) =>
  start(options, async (invocation) => (await import("./verbs/watch.ts")).watch(model, options, invocation)),
);

verb("plan <model>", "how long a release takes and what it can cost, before anything is deployed", release)
  .option("--environment <name>", "where the model is declared", "local")
  .option("--cluster <name>", "whose traffic and pools count (default: the first cluster)")
  .option("--burst <requests>", "bad requests that come together (default: one by one)", number(1, 64))
  .option("--gpu-price <price>", "of one GPU, or share of one, for an hour; else the list price", number(0, 1_000))
  .option("--picture <file>", "where a picture goes, as SVG")
  .action((model, options) =>
    start(options, async (invocation) =>
      (await import("./verbs/releasePlan.ts")).planRelease(model, options, invocation),
    ),
  );

for (const [name, does] of Object.entries({
  promote: "go on to the next weight now, without what is left of this one",
  abort: "give all of the traffic back to the stable version",
  rollback: "the same, and after a promotion back to the version before",
  retry: "release a version again that was rolled back",
  pause: "keep the weights until a person goes on; the guard goes on",
  resume: "go on after a pause",
} satisfies Record<ReleaseVerb, string>)) {
  const made = releaseVerb(`${name} <model>`, does)
    .requiredOption("--reason <text>", "why: kept on the Rollout with who and when")
    .addOption(yesOption);
  if (name === "promote") made.option("--full", "to all of the traffic at once, without any analysis");
  if (name === "rollback") made.option("--to <version>", "after a promotion: the version to go back to");
  made.action((model, options) =>
    start(options, async (invocation) =>
      (await import("./verbs/release.ts")).changeRelease(name as ReleaseVerb, model, options, invocation),
    ),
  );
}

verb("plan <environment>", "show what would be declared and what the policies say; no account, no CLI, no network")
  .option("--against <file>", "show only what changes since this plan, which --json wrote")
  .addOption(
    new Option("--format <format>", "how it is written (default: text)").choices([
      "text",
      "json",
      "markdown",
      "sarif",
      "junit",
      "mermaid",
    ] satisfies PlanFormat[]),
  )
  .option("--output <file>", "write it to this file, and print the summary")
  .action((environment, options) =>
    start(options, async (invocation) => (await import("./verbs/plan.ts")).plan(environment, options, invocation)),
  );

verb(
  "preflight <environment>",
  "check that its clusters can carry what is declared: nodes, GPUs, rights, registries, quota",
)
  .addOption(new Option("--kubeconfig <file>", "look at the cluster this leads to"))
  .addOption(kubeconfigOptions[1] as Option)
  .option("--cluster <name>", "only this cluster of the environment")
  .addOption(registryOptions[0] as Option)
  .addOption(registryOptions[1] as Option)
  .action((environment, options) =>
    start(options, async (invocation) =>
      (await import("./verbs/preflight.ts")).preflight(environment, options, invocation),
    ),
  );

verb("stacks", "list the stacks of all environments but local, for the jobs of a CI")
  .option("--environments", "only the names of the environments")
  .option("--gitlab", "as jobs of a child pipeline of GitLab")
  .action((options) => start(options, async () => (await import("./verbs/stacks.ts")).listStacks(options)));

verb("comment", "write what a CI's run found into one comment of its pull request")
  .requiredOption("--file <path>", "a file or a folder to show; again for more", (path, paths: string[] = []) => [
    ...paths,
    path,
  ])
  .addOption(
    new Option("--service <service>", "whose API (default: by the CI's variables)").choices(["github", "gitlab"]),
  )
  .option("--key <name>", "which comment: each key has one (default: Serin)")
  .option("--status <status>", "how the run ended: success, failure, cancelled")
  .option("--run <url>", "the address of the run (default: this one)")
  .option("--repository <name>", "owner/name, or the project on GitLab (default: by the CI's variables)")
  .option("--pull-request <number>", "the pull request or merge request (default: by the CI's variables)")
  .option("--head <owner:branch>", "the pull request by its branch, with --commit")
  .option("--commit <sha>", "what was looked at; nothing is written once there is a newer one")
  .option("--author <login>", "who writes on GitHub (default: github-actions[bot] in Actions, else the token's)")
  .action((options) =>
    start(options, async (invocation) => (await import("./verbs/comment.ts")).comment(options, invocation)),
  );

await program.parseAsync();
