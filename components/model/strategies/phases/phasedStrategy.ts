import { type Problem, under } from "../../../core/problem.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import { guardTemplate } from "../../analysis/templates.ts";
import { objectNames, releaseRoutes } from "../../objectNames.ts";
import type { ServedModel } from "../../servedModel.ts";
import { type Canary, canary } from "../canary/canary.ts";
import { canaryStrategy, guardFrom, waitsOf } from "../canary/canaryStrategy.ts";
import type {
  AnalysisContext,
  DeclaredRelease,
  ReleaseStrategy,
  RolloutStrategy,
  StrategyAnalysis,
} from "../releaseStrategy.ts";
import { canarySteps } from "./canarySteps.ts";
import { flagDefinitions } from "./flags.ts";
import type { PlannedStep, ReleaseStep } from "./plannedStep.ts";
import type { DeclaredPhase, ReleasePhase } from "./releasePhase.ts";

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
      ...flagKeyProblems(phasesOf(release)),
      ...phasesOf(release).flatMap(({ phase, declared, path }) => {
        const problems = phase.problems(declared, model);
        return path === undefined ? problems : under(path, problems);
      }),
    ],
    analyses: (model, release, context) => analysesOf(model, phasesOf(release), context),
    rollout: (model, release, context) => rolloutOf(model, phasesOf(release), context),
    plannedSeconds: (model, release, context) =>
      stepsOf(model, phasesOf(release), context).map(({ seconds }) => seconds),
    ...(canaryStrategy.services === undefined ? {} : { services: canaryStrategy.services }),
    managedRoutes: (release) => managedRoutesOf(phasesOf(release)),
    stickyUsers: (release) => {
      const sticky = phasesOf(release).find(({ phase }) => phase.stickyUsers !== undefined);
      return sticky?.phase.stickyUsers?.(sticky.declared);
    },
    flags: (name, release) => {
      const cohorts = phasesOf(release).flatMap(({ phase, declared }) => phase.cohort?.(declared) ?? []);
      return flagDefinitions(name, cohorts);
    },
    judgement: (release) => judgementOf(phasesOf(release)),
    progress: canaryStrategy.progress,
    sentence: (model, release) =>
      phasesOf(release)
        .map(({ phase, declared }) => phase.sentence(model, declared))
        .join("; then "),
  };
}

/** Two cohorts whose flags have one key and are not the same: applications would know the last one alone. */
function flagKeyProblems(phases: readonly PlacedPhase[]): Problem[] {
  const flags = phases.flatMap(({ phase, declared, path }) => {
    const { value, flag } = phase.cohort?.(declared) ?? {};
    return flag === undefined ? [] : [{ key: flag.key, is: JSON.stringify([value, flag]), path: path ?? "" }];
  });
  return flags.flatMap(({ key, is, path }, index) => {
    const first = flags.slice(0, index).find((one) => one.key === key);
    return first === undefined || first.is === is
      ? []
      : [
          {
            path,
            reason: `its feature flag is another than that of ${first.path}, and has the same key.`,
            fix: "Write a flag.key in one of them.",
          },
        ];
  });
}

/** The canary whose Services, guard and last steps the release has: that of the last phase that shifts traffic. */
function canaryOf(phases: readonly PlacedPhase[]): Canary {
  const last = phases.findLast(({ phase }) => phase.canary !== undefined);
  return last?.phase.canary?.(last.declared) ?? canary();
}

/** How the guard of all phases judges: as that canary, for as long as all of them wait. */
function judgementOf(phases: readonly PlacedPhase[]): Canary & Judgement {
  const declared = phases.some(({ phase }) => phase.canary !== undefined) ? 0 : waitsOf(canary());
  const waits = phases.reduce((sum, { phase, declared: one }) => sum + phase.waits(one), declared);
  return { ...canaryOf(phases), waits };
}

function managedRoutesOf(phases: readonly PlacedPhase[]): string[] {
  return [...new Set(phases.flatMap(({ phase }) => phase.managedRoutes))];
}

/** The templates that the Rollout refers to. Of those with one name, the last is meant. */
function analysesOf(
  model: ServedModel,
  phases: readonly PlacedPhase[],
  context: AnalysisContext,
): readonly StrategyAnalysis[] {
  const judgement = judgementOf(phases);
  const made = [
    ...canaryStrategy.analyses(model, judgement, context),
    ...phases.flatMap(({ phase, declared }) => phase.analyses(model, declared, judgement, context)),
    { child: "guard", object: objectNames(context.name).guard, spec: guardTemplate(model, judgement, context) },
  ];
  const used = templatesOf(rolloutOf(model, phases, context));
  return [...new Map(made.map((analysis) => [analysis.object, analysis])).values()].filter(({ object }) =>
    used.has(object),
  );
}

function stepsOf(model: ServedModel, phases: readonly PlacedPhase[], context: AnalysisContext): PlannedStep[] {
  const end = phases.at(-1);
  const steps = afterPreparation([
    ...phases.flatMap(({ phase, declared }) => phase.steps(model, declared, context)),
    ...canarySteps(model, canaryOf(phases), context).last,
    ...(end?.phase.lastSteps?.(model, end.declared, context) ?? []),
  ]);
  return withPodsOfWeight(model, steps);
}

/** No number of pods that a phase asks for is below what the weight in force needs. */
function withPodsOfWeight({ replicas }: ServedModel, steps: readonly PlannedStep[]): PlannedStep[] {
  let weight = 0;
  return steps.map((planned): PlannedStep => {
    weight = planned.step.setWeight ?? weight;
    const pods = planned.step.setCanaryScale?.replicas;
    const least = Math.ceil((replicas * weight) / 100);
    return pods === undefined || pods >= least
      ? planned
      : { ...planned, step: { setCanaryScale: { replicas: least } } };
  });
}

/**
 * The canary's Rollout strategy with the steps of the phases: whatever a canary's Services, routes and deadlines are,
 * a release of phases has the same.
 */
function rolloutOf(model: ServedModel, phases: readonly PlacedPhase[], context: AnalysisContext): RolloutStrategy {
  const { canary: frame } = canaryStrategy.rollout(model, canaryOf(phases), context);
  const steps = stepsOf(model, phases, context).map(({ step }) => step);
  const routes = managedRoutesOf(phases);
  return {
    canary: {
      ...frame,
      steps,
      analysis: { ...frame?.analysis, startingStep: guardFrom(steps) },
      ...(routes.length === 0 ? {} : { trafficRouting: routedApart(context.name, frame?.trafficRouting, routes) }),
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
 * Ends after the first weight what phases without a weight began. A number of pods stays in force until a step says
 * otherwise, and would then serve any weight; before the first weight, pods that follow it would be none
 * (`UseSetCanaryScale` in argo-rollouts `utils/replicaset/canary.go`). A mirror route has weights of its own, which the
 * controller does not change; the phase removes it before, and a person who promotes to the first weight skips that.
 */
function afterPreparation(steps: readonly PlannedStep[]): PlannedStep[] {
  const first = steps.findIndex(({ step }) => step.setWeight !== undefined);
  const before = steps.slice(0, first).map(({ step }) => step);
  const isScaled = before.some(({ setCanaryScale }) => setCanaryScale !== undefined);
  const mirrors = new Set(before.flatMap(({ setMirrorRoute }) => setMirrorRoute?.name ?? []));
  const ends: ReleaseStep[] = [
    ...(isScaled && steps[first]?.step.setWeight !== 100 ? [{ setCanaryScale: { matchTrafficWeight: true } }] : []),
    ...[...mirrors].map((name) => ({ setMirrorRoute: { name } })),
  ];
  return [
    ...steps.slice(0, first + 1),
    ...ends.map((step): PlannedStep => ({ step, seconds: 1 })),
    ...steps.slice(first + 1),
  ];
}
