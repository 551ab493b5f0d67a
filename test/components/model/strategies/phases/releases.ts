import type { Model } from "../../../../../components/model/model.ts";
import { rolloutSpec } from "../../../../../components/model/rollout.ts";
import { type Release, strategyOf } from "../../../../../components/model/strategies/strategies.ts";
import { context, host, sound } from "../../fixtures.ts";

/** A step of a Rollout as a person reads it. */
export interface Step {
  readonly setWeight?: number;
  readonly pause?: { readonly duration?: number };
  readonly analysis?: { readonly templates: readonly { readonly templateName: string }[] };
  readonly setCanaryScale?: {
    readonly replicas?: number;
    readonly weight?: number;
    readonly matchTrafficWeight?: boolean;
  };
  readonly setHeaderRoute?: { readonly name: string; readonly match?: unknown };
  readonly setMirrorRoute?: { readonly name: string; readonly match?: unknown; readonly percentage?: number };
}

/** The canary strategy of a Rollout as a person reads it. */
export interface CanarySpec {
  readonly steps: readonly Step[];
  readonly analysis: { readonly startingStep: number };
  readonly scaleDownDelaySeconds: number;
  readonly trafficRouting: {
    readonly managedRoutes?: readonly { readonly name: string }[];
    readonly istio: { readonly virtualServices: readonly { readonly name: string; readonly routes: string[] }[] };
  };
}

export const released = (release: Release, change: Partial<Model> = {}): Model => ({ ...sound, ...change, release });

/** The Rollout of a model with this release. */
export function rolloutOf(release: Release, change: Partial<Model> = {}) {
  const spec = rolloutSpec(released(release, change), host, context);
  return { spec, canary: (spec.strategy as { canary: CanarySpec }).canary };
}

/** The AnalysisTemplates of a model with this release, by name. */
export function analysesOf(release: Release, change: Partial<Model> = {}) {
  const analyses = strategyOf(release).analyses(released(release, change), release, context);
  return new Map(analyses.map((analysis) => [analysis.object, analysis]));
}
