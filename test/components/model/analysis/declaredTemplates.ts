import type { AnalysisMetric } from "../../../../components/core/customResource.ts";
import type { Model } from "../../../../components/model/model.ts";
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

/** Every AnalysisTemplate of every declared environment, and those of a model that declares all there is. */
export function declaredTemplates(): DeclaredTemplate[] {
  const declared = Object.entries(environments).flatMap(([environment, { models }]) =>
    Object.entries(models).map(([name, model]): [string, string, Model] => [environment, name, model]),
  );
  return [...declared, ["test", "guarded", guarded] as const].flatMap(([environment, name, model]) =>
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
