import { type Problem, under } from "../../../core/problem.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import { guardTemplate } from "../../analysis/templates.ts";
import { objectNames, releaseRoutes } from "../../objectNames.ts";
import type { ServedModel } from "../../servedModel.ts";
import { type Canary, canary } from "../canary/canary.ts";
import { canaryPhase } from "../canary/canaryPhase.ts";
import { allTrafficFrom, canaryStrategy, guardFrom } from "../canary/canaryStrategy.ts";
import type {
  AnalysisContext,
  DeclaredRelease,
  ReleaseStrategy,
  RolloutStrategy,
  StrategyAnalysis,
} from "../releaseStrategy.ts";
import type { DeclaredPhase, ReleasePhase, ReleaseStep } from "./releasePhase.ts";

/** A phase of one release: what was declared, and what the phase makes of it. */
export interface PlacedPhase {
  /** The phase. */
  readonly phase: ReleasePhase;
  /** What was declared of it. */
  readonly declared: DeclaredPhase;
  /** Where it was declared, below `release`; undefined where the phase is the release. */
  readonly path?: string;
}

/** Gives a phase and what was declared of it one type. */
export function placed<Declared extends DeclaredPhase>(
  phase: ReleasePhase<Declared>,
  declared: Declared,
  path?: string,
): PlacedPhase {
  return { phase, declared, ...(path === undefined ? {} : { path }) };
}

/** The strategy of releases that consist of phases, which `phasesOf` lists in their order. */
export function phasedStrategy<Release extends DeclaredRelease>(
  phasesOf: (release: Release) => readonly PlacedPhase[],
  orderProblems: (release: Release) => Problem[] = () => [],
): ReleaseStrategy<Release> {
  return {
    problems: (release, model) => [
      ...orderProblems(release),
      ...phasesOf(release).flatMap(({ phase, declared, path }) => {
        const problems = phase.problems(declared, model);
        return path === undefined ? problems : under(path, problems);
      }),
    ],
    analyses(model, release, context) {
      const phases = phasesOf(release);
      const judgement = judgementOf(phases);
      // A later one of the same name is the one that the release means.
      const made = new Map<string, StrategyAnalysis>();
      for (const analysis of [
        ...canaryStrategy.analyses(model, canaryOf(phases), context),
        ...phases.flatMap(({ phase, declared }) => phase.analyses(model, declared, judgement, context)),
        { child: "guard", object: `${context.name}-guard`, spec: guardTemplate(model, judgement, context) },
      ]) {
        made.set(analysis.object, analysis);
      }
      const used = templatesOf(rolloutOf(model, phases, context));
      return [...made.values()].filter(({ object }) => used.has(object));
    },
    rollout: (model, release, context) => rolloutOf(model, phasesOf(release), context),
    services: (name) => canaryStrategy.services?.(name) ?? [],
    managedRoutes: (release) => managedRoutesOf(phasesOf(release)),
    progress: canaryStrategy.progress,
    sentence: (model, release) =>
      phasesOf(release)
        .map(({ phase, declared }) => phase.sentence(model, declared))
        .join("; then "),
  };
}

/** How the guard judges: as the first phase that says so. */
function judgementOf(phases: readonly PlacedPhase[]): Judgement {
  for (const { phase, declared } of phases) {
    const judgement = phase.judgement(declared);
    if (judgement !== undefined) return judgement;
  }
  return canary();
}

/** The canary whose Services, routes, deadlines and last steps the release has: the declared one, else the default. */
function canaryOf(phases: readonly PlacedPhase[]): Canary {
  const found = phases.find(({ phase }) => phase === (canaryPhase as ReleasePhase));
  return found === undefined ? canary() : (found.declared as Canary);
}

function managedRoutesOf(phases: readonly PlacedPhase[]): string[] {
  return [...new Set(phases.flatMap(({ phase }) => phase.managedRoutes))];
}

function rolloutOf(
  model: ServedModel,
  phases: readonly PlacedPhase[],
  context: AnalysisContext,
): RolloutStrategy & { canary: object } {
  const frame = canaryStrategy.rollout(model, canaryOf(phases), context).canary ?? {};
  const last = phases.at(-1);
  const steps = phases.flatMap(({ phase, declared }) => phase.steps(model, declared, context));
  const framed = frame.steps ?? [];
  const lastSteps = last?.phase.lastSteps?.(model, last.declared, context) ?? framed.slice(allTrafficFrom(framed));
  const all = [...scaledWithWeight(steps), ...lastSteps];
  const keep = last?.phase.keepSeconds?.(last.declared);
  const routes = managedRoutesOf(phases);
  return {
    canary: {
      ...frame,
      steps: all,
      analysis: { ...frame.analysis, startingStep: guardFrom(all) },
      ...(routes.length === 0 ? {} : { trafficRouting: routedApart(context.name, frame.trafficRouting, routes) }),
      ...(keep === undefined ? {} : { scaleDownDelaySeconds: keep }),
    },
  };
}

/** The names of the AnalysisTemplates that a Rollout refers to. */
function templatesOf({ canary: strategy }: RolloutStrategy): Set<unknown> {
  return new Set(
    [strategy?.analysis, ...(strategy?.steps ?? []).map(({ analysis }) => analysis)].flatMap((analysis) =>
      (analysis?.templates ?? []).map(({ templateName }) => templateName),
    ),
  );
}

type TrafficRouting = NonNullable<RolloutStrategy["canary"]>["trafficRouting"];

/**
 * A route that the controller adds gets the port of the first route that the Rollout names in the same VirtualService
 * (`getVirtualServiceCanaryPort` in argo-rollouts `rollout/trafficrouting/istio/istio.go`). So HTTP and gRPC, which
 * have ports of their own, are in VirtualServices of their own.
 */
function routedApart(name: string, routing: TrafficRouting, routes: readonly string[]): NonNullable<TrafficRouting> {
  const { release, grpcRelease } = objectNames(name);
  return {
    ...routing,
    managedRoutes: routes.map((route) => ({ name: route })),
    istio: {
      ...routing?.istio,
      virtualServices: [
        { name: release, routes: [releaseRoutes.http] },
        { name: grpcRelease, routes: [releaseRoutes.grpc] },
      ],
    },
  };
}

/**
 * A number of pods that a phase sets stays in force until a step says otherwise, and would then serve any weight. After
 * the first weight the pods follow it; before it they would be none (`UseSetCanaryScale` in argo-rollouts
 * `utils/replicaset/canary.go`).
 */
function scaledWithWeight(steps: readonly ReleaseStep[]): ReleaseStep[] {
  const first = steps.findIndex(({ setWeight }) => setWeight !== undefined);
  if (first < 0 || !steps.slice(0, first).some(({ setCanaryScale }) => setCanaryScale !== undefined)) return [...steps];
  return [...steps.slice(0, first + 1), { setCanaryScale: { matchTrafficWeight: true } }, ...steps.slice(first + 1)];
}
