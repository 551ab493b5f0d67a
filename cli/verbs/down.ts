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
import { declaredEnvironment } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";
import { runSteps } from "../terminal.ts";

export interface DownOptions extends ClusterOptions {
  readonly engine: "live" | "pulumi";
}

/** Takes the layers down in reverse; an embedded environment goes as a whole, processes, ports and files. */
export async function down(name: string, options: DownOptions, invocation: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  const { signal } = invocation;
  if (name === "local" && options.kubeconfig === undefined) {
    const was = findEnvironment(name)?.state ?? "not up";
    const takeDown = () =>
      runSteps({}, [{ title: "Embedded environment", task: () => stopEnvironment(name) }], invocation);
    await alone(name, takeDown);
    return { result: { environment: name, was }, text: was === "not up" ? `${name} was not up.` : `${name} is down.` };
  }
  const own = options.kubeconfig === undefined ? undefined : ownCluster(options.kubeconfig, options.context);
  const engine: Engine =
    own === undefined || options.engine === "pulumi"
      ? await pulumiEngine({ ...(own === undefined ? {} : { config: () => localConfig(environment, own) }), signal })
      : await liveEngine(environment, own, { signal });
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
