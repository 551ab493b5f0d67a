import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { layers } from "../../components/core/stackName.ts";
import { systems } from "../../components/platform/systems.ts";
import { findEnvironment, stopEnvironment } from "../../embedded/environment/environment.ts";
import type { Engine } from "../../engine/engine.ts";
import { declaredNeeds, type Stand } from "../../preflight/declaredNeeds.ts";
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
import { stacksThatHold } from "../../stacks/stackLayout.ts";
import { stackName } from "../../stacks/stackName.ts";
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
  const own = options.kubeconfig === undefined ? undefined : ownCluster(options.kubeconfig, options.context);
  await confirmRemoval(name, whatGoes(environment, own === undefined ? undefined : "unprepared"), options, signal);
  const engine: Engine =
    own === undefined || options.engine === "pulumi"
      ? await pulumiEngine({ ...(own === undefined ? {} : { config: () => localConfig(environment, own) }), signal })
      : await liveEngine(environment, own, { signal });
  // Stacks of single clusters are known to the backend alone, those of clusters that are declared no more included.
  const held = stacksThatHold(name, (await engine.holding?.()) ?? []);
  const stacks = layers.flatMap((layer) => {
    const wide = stackName(name, layer);
    return [wide, ...held.filter((stack) => stack.startsWith(`${wide}-`))];
  });
  // Protection has its say before anything is gone: models and platform would go first.
  await engine.refuseProtected?.(stacks);
  let removed = 0;
  await runSteps(
    {},
    [
      {
        title: "Layers",
        task: (_, task) =>
          engine.destroy(stacks, {
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

/**
 * What an environment consists of, a line for each kind of thing. `stand`: the cluster that it is deployed to, where it
 * is not the declared one.
 */
export function whatGoes(environment: Environment, stand?: Stand): string[] {
  const made = Object.entries(environment.clusters).map(([key, spec]) => {
    const { adopted, region } = { ...cloudOf(spec), region: cloudOf(spec).region(spec) };
    return adopted
      ? `what runs on cluster ${key}${kindsThatGo(environment, key, spec, stand)}`
      : `cluster ${key}${region === undefined ? "" : ` in ${region}`} with its stores`;
  });
  const models = Object.entries(environment.models).map(([name, { version }]) => `${name} (version ${version})`);
  return [
    `stacks ${stacksOf(environment).toReversed().join(", ")}${environment.name === "local" ? "" : ", and those of single clusters"}`,
    ...made,
    ...(models.length === 0 ? [] : [`models ${models.join(", ")}`]),
  ];
}

/** Kinds of installed systems. Their definitions go with them, and with a definition go all its objects. */
function kindsThatGo(environment: Environment, key: string, spec: ClusterSpec, stand: Stand | undefined): string {
  const modes = declaredNeeds(environment, key, spec, stand).systems;
  const titles = Object.keys(modes).flatMap((system) =>
    modes[system] === "install" ? [systems[system]?.title ?? system] : [],
  );
  return titles.length === 0 ? "" : `, and every object of a kind of ${titles.join(", ")}, whoever made it`;
}
