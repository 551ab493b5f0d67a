import type { AnalysisMetric } from "../../../../components/core/customResource.ts";
import type { Model } from "../../../../components/model/model.ts";
import { abTest } from "../../../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../../../components/model/strategies/shadow/shadow.ts";
import { strategyOf } from "../../../../components/model/strategies/strategies.ts";
import { environments } from "../../../../stacks/environments/index.ts";
import { context, sound } from "../fixtures.ts";

/** A template as a model declares it, for tests that name what they found. */
export interface DeclaredTemplate {
  readonly title: string;
  readonly args: readonly { readonly name: string }[];
  readonly metrics: readonly AnalysisMetric[];
}

/** A model on GPUs with every bound that a guard can watch. */
export const guarded: Model = {
  ...sound,
  server: { ...sound.server, gpu: { kind: "L4", count: 1 } },
  slo: { ...sound.slo, saturation: { gpuUtilization: "95%", gpuMemory: "90%", queueTime: "20ms" } },
};

const metric = { successes: "checkouts_total", trials: 'visits_total{shop="eu"}' };
/** A model with every phase, and one with the phase that stands alone. */
const phased: readonly Model[] = [
  { ...sound, stateless: true, release: sequence([darkLaunch(), shadow(), canary(), abTest({ metric })]) },
  { ...sound, release: blueGreen() },
];

/** Every AnalysisTemplate of every declared environment, and those of models that declare all there is. */
export function declaredTemplates(): DeclaredTemplate[] {
  const declared = Object.entries(environments).flatMap(([environment, { models }]) =>
    Object.entries(models).map(([name, model]): [string, string, Model] => [environment, name, model]),
  );
  const others = [guarded, ...phased].map((model): [string, string, Model] => [
    "test",
    model === guarded ? "guarded" : model.release.kind.toLowerCase(),
    model,
  ]);
  return [...declared, ...others].flatMap(([environment, name, model]) =>
    strategyOf(model.release)
      .analyses(model, model.release, { ...context, name })
      .map(({ object, spec }) => ({ ...(spec as Omit<DeclaredTemplate, "title">), title: `${environment} ${object}` })),
  );
}

/** The queries of a template, with values for its arguments, by the metric's name. */
export function queriesOf({ metrics }: DeclaredTemplate): [string, string][] {
  return metrics.flatMap(({ name, provider }): [string, string][] => {
    const query = provider.prometheus?.query;
    return query === undefined
      ? []
      : [
          [
            name,
            query
              .replaceAll("{{args.canary-hash}}", "abc")
              .replaceAll("{{args.stable-hash}}", "def")
              .replaceAll("{{args.weight}}", "20"),
          ],
        ];
  });
}
