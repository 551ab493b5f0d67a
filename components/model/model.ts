import { withDefaults } from "../core/withDefaults.ts";
import type { ServedModel } from "./servedModel.ts";
import type { Release } from "./strategies/strategies.ts";

/** A model as its owner declares it, apart from the version and its files, which each environment chooses. */
export interface ModelSpec extends Omit<ServedModel, "version" | "artifact"> {
  /** How a change from one version to another reaches the callers. */
  readonly release: Release;
}

/** A model in an environment. */
export interface Model extends ServedModel {
  /** How a change from one version to another reaches the callers. */
  readonly release: Release;
}

/** The model with another version of it. The files that are declared are those of the declared version only. */
export function withVersion(model: Model, version: string): Model {
  if (version === model.version) return model;
  const { artifact: _, ...rest } = model;
  return { ...rest, version };
}

/**
 * Declares a model.
 *
 * @example
 * export const fraud = defineModel({
 *   server: triton({ backend: "python" }),
 *   repository: { pvc: "model-store" },
 *   traffic: { expectedQps: { trough: 100, peak: 1_000 } },
 *   slo: { p99: "150ms", errorRate: "0.1%" },
 *   release: canary({ weights: [5, 20, 50, 100] }),
 * });
 */
export function defineModel<Declared extends Release>(
  spec: Omit<ModelSpec, "replicas" | "release"> & { readonly replicas?: number; readonly release: Declared },
): ModelSpec & { readonly release: Declared } {
  // Two replicas: one may be drained, or fail, without an outage.
  return withDefaults({ replicas: 2 }, spec);
}
