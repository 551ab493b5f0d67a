import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import type { Release } from "../../components/model/strategies/strategies.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { performAction } from "../../rehearsal/cluster/performAction.ts";
import { plannedAction } from "../../rehearsal/cluster/releaseActions.ts";
import { releaseView } from "../../rehearsal/cluster/releaseView.ts";
import { sound } from "../components/model/fixtures.ts";
import { type FakePod, RolloutsPlane } from "./rolloutsPlane.ts";

/** Two looks of 2 s, and what the controller, the kubelet and a busy machine take. */
const twoLooksMs = 4_000 + 6_000;

/** What is different about one model of this test. */
interface Case {
  readonly release: Release;
  readonly pod?: (pod: FakePod) => "ready" | "unready" | "pending";
  /** The template whose queries fail. */
  failing?: string;
  /** Whether the stages decide nothing. A query may be in several of them. */
  readonly undecided?: true;
}

const dark = darkLaunch({ lasts: "0s", requests: 20, gate: "manual" });
const cases: Record<string, Case> = {
  "dark-abort": { release: dark },
  "dark-guard": { release: dark },
  "dark-pod": { release: dark },
  "shadow-abort": { release: shadow({ lasts: "0s" }), undecided: true },
  "shadow-guard": { release: shadow({ lasts: "0s" }), undecided: true },
  "shadow-skipped": { release: shadow({ lasts: "0s" }), undecided: true },
  "blue-abort": { release: blueGreen({ lasts: "0s", requests: 0, bake: "0s" }), undecided: true },
  "blue-guard": { release: blueGreen({ lasts: "0s", requests: 0, bake: "0s" }), undecided: true },
  order: {
    release: sequence([darkLaunch({ lasts: "0s", requests: 0 }), shadow({ lasts: "0s" }), canary()]),
    undecided: true,
  },
};
let down: string[] = [];
let plane: RolloutsPlane;

beforeAll(async () => {
  plane = await RolloutsPlane.start({
    pod: ({ model, version, ordinal }) =>
      version === "2" && ordinal === 0 && down.includes(model) ? "unready" : "ready",
    value({ model, template, metric }) {
      const { failing, undecided = false } = cases[model] ?? {};
      if (template === failing) return 2;
      if (metric === "pods" || metric === "requests") return 1;
      return template === "guard" || undecided ? 0 : 1;
    },
  });
  const names = Object.keys(cases);
  const model = (name: string) => ({ ...sound, replicas: 2, stateless: true, release: cases[name]?.release ?? dark });
  await Promise.all(names.map((name) => plane.deploy(name, model(name), 600)));
  await until("all are deployed", async () => {
    const rollouts = await plane.rollouts();
    return names.every((name) => rollouts.get(name)?.status?.phase === "Healthy");
  });
  await Promise.all(names.map((name) => plane.deploy(name, { ...model(name), version: "2" }, 600)));
});

afterAll(() => plane.stop());

const release = (name: string) => plane.routes(`${name}-release`);
const both = async (name: string) => [...(await release(name)), ...(await plane.routes(`${name}-release-grpc`))];

/** As `serin release abort` does, which shows the Rollout to a controller that has not seen the change. */
async function abort(name: string): Promise<void> {
  const view = new ClusterView(plane.plane.kubeconfig);
  const seen = await releaseView(view, "models", name);
  if (seen === undefined) throw new Error(`There is no Rollout ${name}.`);
  const action = plannedAction("abort", { view: seen, options: {}, declaredAt: "test", declared: "2" });
  const { signal } = new AbortController();
  const at = { view, namespace: "models", name };
  await performAction({ ...at, action, seen, reason: "test", patienceMs: twoLooksMs, signal });
}

const plain = ["grpc 8001 stable", "primary 8000 stable", "grpc 8001 stable"];
const isAborted = async (name: string) => (await plane.rollout(name))?.status?.abort === true;
const weight = async (name: string) => (await plane.weights()).get(name) ?? 0;

async function until(what: string, holds: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(200)) if (await holds()) return;
  throw new Error(`not in time: ${what}`);
}

const routed = (name: string, route: string) =>
  until(`${name} has the route ${route}`, async () => (await release(name)).some((one) => one.startsWith(route)));

it("a cohort's route leads each protocol to its port, and is gone when a person aborts or the guard fails", async () => {
  for (const name of ["dark-abort", "dark-guard"]) {
    await routed(name, "cohort");
    expect(await both(name)).toEqual([
      ...["cohort 8000 canary", "grpc 8001 stable", "primary 8000 stable"],
      ...["cohort 8001 canary", "grpc 8001 stable"],
    ]);
    await until(`${name} waits for a person`, async () => (await plane.rollout(name))?.status?.phase === "Paused");
  }
  await abort("dark-abort");
  Object.assign(cases["dark-guard"] ?? {}, { failing: "guard" });
  for (const name of ["dark-abort", "dark-guard"]) {
    await until(`${name} has given up the route`, async () => (await both(name)).join() === plain.join(), twoLooksMs);
    expect(await isAborted(name)).toBe(true);
  }
});

it("without a pod of the new version a cohort's requests stay with the old one", async () => {
  await routed("dark-pod", "cohort");
  down = ["dark-pod"];
  await until("the route is gone", async () => (await both("dark-pod")).join() === plain.join(), twoLooksMs);
  expect(await isAborted("dark-pod")).toBe(false);
});

it("requests are no longer copied when a person aborts or the guard fails", async () => {
  for (const name of ["shadow-abort", "shadow-guard"]) {
    await routed(name, "shadow");
    expect(await both(name)).toEqual([
      ...["shadow 8000 stable", "grpc 8001 stable", "primary 8000 stable"],
      ...["shadow 8001 stable", "grpc 8001 stable"],
    ]);
  }
  await abort("shadow-abort");
  Object.assign(cases["shadow-guard"] ?? {}, { failing: "guard" });
  for (const name of ["shadow-abort", "shadow-guard"]) {
    await until(`${name} copies nothing`, async () => (await both(name)).join() === plain.join(), twoLooksMs);
    expect(await weight(name)).toBe(0);
  }
});

it("requests are no longer copied when a person promotes a shadow to the first weight", async () => {
  await routed("shadow-skipped", "shadow");
  const steps = (await plane.rollout("shadow-skipped")) as unknown as {
    spec: { strategy: { canary: { steps: { setWeight?: number }[] } } };
  };
  const first = steps.spec.strategy.canary.steps.findIndex(({ setWeight }) => setWeight === 5);
  await plane.patch("shadow-skipped", { status: { currentStepIndex: first } }, "/status");
  await until("5 % are on the new version", async () => (await weight("shadow-skipped")) === 5);
  await until("nothing is copied", async () => (await both("shadow-skipped")).join() === plain.join(), twoLooksMs);
});

it("blue-green returns all traffic though a pod of the new version is down, when the guard fails or a person aborts", async () => {
  const names = ["blue-abort", "blue-guard"];
  for (const name of names) await until(`${name} has all traffic`, async () => (await weight(name)) === 100);
  down = [...down, ...names];
  await sleep(2_000);
  await abort("blue-abort");
  Object.assign(cases["blue-guard"] ?? {}, { failing: "guard" });
  for (const name of names) {
    await until(`${name} has no traffic on the new version`, async () => (await weight(name)) === 0, twoLooksMs);
    expect(await isAborted(name)).toBe(true);
  }
});

it("testers keep the new version while requests are copied: their route is the first", async () => {
  await routed("order", "shadow");
  expect((await release("order")).map((route) => route.split(" ")[0])).toEqual(["cohort", "shadow", "grpc", "primary"]);
});
