import { cloudOf } from "../../components/cluster/clouds.ts";
import { findEnvironment, stopEnvironment } from "../../embedded/environment/environment.ts";
import type { Engine } from "../../engine/engine.ts";
import { alone } from "../../rehearsal/local/exclusive.ts";
import {
  type ClusterOptions,
  liveEngine,
  localConfig,
  ownCluster,
  pulumiEngine,
  stacksOf,
} from "../../rehearsal/local/localCluster.ts";
import { requireOwn } from "../../rehearsal/local/ownership.ts";
import { declaredEnvironment } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { type ConfirmOptions, confirmRemoval } from "../confirm.ts";
import { refuseLocalOptions } from "../localOptions.ts";
import type { Answer, Invocation } from "../run.ts";
import { runSteps } from "../terminal.ts";

/** What `serin down` is told. */
export interface DownOptions extends ClusterOptions, ConfirmOptions {
  /** What applies the stacks of `local`. @default "live" there; other environments are always deployed by Pulumi */
  readonly engine?: "live" | "pulumi";
}

/** Takes the layers down in reverse; an embedded environment goes as a whole, processes, ports and files. */
export async function down(name: string, options: DownOptions, invocation: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  refuseLocalOptions(name, options);
  const { signal } = invocation;
  if (name === "local" && options.kubeconfig === undefined) {
    requireOwn(name, { takeOver: options.yes });
    const was = findEnvironment(name)?.state ?? "not up";
    const takeDown = () =>
      runSteps({}, [{ title: "Embedded environment", task: () => stopEnvironment(name) }], invocation);
    await alone(name, takeDown);
    return { result: { environment: name, was }, text: was === "not up" ? `${name} was not up.` : `${name} is down.` };
  }
  await confirmRemoval(name, whatGoes(environment), options, signal);
  const own = options.kubeconfig === undefined ? undefined : ownCluster(options.kubeconfig, options.context);
  const engine: Engine =
    own === undefined || options.engine === "pulumi"
      ? await pulumiEngine({ ...(own === undefined ? {} : { config: () => localConfig(environment, own) }), signal })
      : await liveEngine(environment, own, { signal });
  // Protection has its say before anything is gone: models and platform would go first.
  await engine.refuseProtected?.(stacksOf(environment));
  let removed = 0;
  await runSteps(
    {},
    [
      {
        title: "Layers",
        task: (_, task) =>
          engine.destroy(stacksOf(environment), {
            onStack: (stack) => {
              task.title = `Layers: ${stack}`;
            },
            onResource: ({ action }) => {
              if (action === "deleted") removed += 1;
            },
          }),
      },
    ],
    invocation,
  );
  return { result: { environment: name, removed }, text: `${name} is down; ${removed} objects removed.` };
}

/** What an environment consists of, a line for each kind of thing. */
function whatGoes(environment: Environment): string[] {
  const made = Object.entries(environment.clusters).map(([key, spec]) => {
    const { adopted, region } = { ...cloudOf(spec), region: cloudOf(spec).region(spec) };
    return adopted
      ? `what runs on cluster ${key}`
      : `cluster ${key}${region === undefined ? "" : ` in ${region}`} with its stores`;
  });
  const models = Object.entries(environment.models).map(([name, { version }]) => `${name} (version ${version})`);
  return [
    `stacks ${stacksOf(environment).toReversed().join(", ")}`,
    ...made,
    ...(models.length === 0 ? [] : [`models ${models.join(", ")}`]),
  ];
}
