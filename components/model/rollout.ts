import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import { seconds } from "../core/quantity.ts";
import { analysedWeights } from "./analysis.ts";
import type { HostCluster } from "./hostCluster.ts";
import type { Model } from "./model.ts";
import { tritonPod } from "./tritonPod.ts";

type RolloutSpec = DeepInput<CustomResourceSpecs["Rollout"]>;
type CanaryStep = { setWeight: number } | { pause: { duration: number } } | { analysis: AnalysisReference };

interface AnalysisReference {
  templates: { templateName: string }[];
  args: { name: string; valueFrom: { podTemplateHashValue: "Latest" | "Stable" } }[];
}

/** Names of the objects of a model that refer to each other. */
export function objectNames(name: string) {
  return {
    release: `${name}-release`,
    guard: `${name}-guard`,
    analysisAt: (weight: number) => `${name}-at-${weight}`,
  } as const;
}

export const subsets = { canary: "canary", stable: "stable" } as const;

/** The routes of the release VirtualService, whose weights the controller sets: everything, and before it gRPC, which has a port of its own. */
export const releaseRoutes = { grpc: "grpc", http: "primary" } as const;

/** The arguments of every template: the pods an analysis judges, and those it compares with. */
const revisionHashes: AnalysisReference["args"] = [
  { name: "canary-hash", valueFrom: { podTemplateHashValue: "Latest" } },
  { name: "stable-hash", valueFrom: { podTemplateHashValue: "Stable" } },
];

/** Step 0 sets the first weight; the guard starts with the step after it. */
const guardFrom = 1;

/** A pod counts as available once it has been ready this long. */
const minReadySeconds = 1;

/**
 * The Rollout of a model. Stable keeps all its pods until the release has ended, so an abort gives all traffic back at once
 * (`dynamicStableScale` would make a rollback wait for models to load).
 */
export function rolloutSpec(name: string, model: Model, host: HostCluster): RolloutSpec {
  const names = objectNames(name);
  return {
    replicas: model.replicas,
    minReadySeconds,
    revisionHistoryLimit: 5,
    // The deadline also runs while a weight waits for pods: scheduling, image pull, loading, warm-up.
    progressDeadlineSeconds: Math.max(600, 2 * seconds(model.server.startup)),
    progressDeadlineAbort: true,
    selector: { matchLabels: { app: name } },
    template: tritonPod(name, model, host),
    strategy: {
      canary: {
        steps: steps(name, model),
        analysis: {
          startingStep: guardFrom,
          templates: [{ templateName: names.guard }],
          args: revisionHashes,
        },
        trafficRouting: {
          istio: {
            virtualServices: [{ name: names.release, routes: Object.values(releaseRoutes) }],
            destinationRule: { name, canarySubsetName: subsets.canary, stableSubsetName: subsets.stable },
          },
        },
        // Proxies may send to the old pods for a moment after the switch.
        scaleDownDelaySeconds: 30,
        abortScaleDownDelaySeconds: 30,
      },
    },
  };
}

function steps(name: string, { release }: Model): CanaryStep[] {
  const bake = seconds(release.bake);
  const decided = analysedWeights(release.weights).flatMap((weight): CanaryStep[] => [
    { setWeight: weight },
    ...(bake === 0 ? [] : [{ pause: { duration: bake } }]),
    { analysis: { templates: [{ templateName: objectNames(name).analysisAt(weight) }], args: revisionHashes } },
  ]);
  return [...decided, { setWeight: 100 }];
}
