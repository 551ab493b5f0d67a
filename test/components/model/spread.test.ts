import { expect, it } from "vitest";
import { tritonPod } from "../../../components/model/tritonPod.ts";
import { host, sound } from "./fixtures.ts";

const constraints = (changes: object, on: object = {}) =>
  tritonPod("fraud", { ...sound, ...changes }, { ...host, ...on }).spec.topologySpreadConstraints;

it("spreads the pods of each version over zones and nodes by itself, as far as there is room", () => {
  const rule = {
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { app: "fraud" } },
    matchLabelKeys: ["rollouts-pod-template-hash"],
  };
  expect(constraints({}, { zones: true })).toEqual([
    { ...rule, topologyKey: "topology.kubernetes.io/zone" },
    { ...rule, topologyKey: "kubernetes.io/hostname" },
  ]);
});

it("asks for nodes alone where a node may lack its zone: the scheduler would count none of these", () => {
  expect(constraints({})).toEqual([expect.objectContaining({ topologyKey: "kubernetes.io/hostname" })]);
});

it("is the same for every number of replicas, so that another one restarts no pod", () => {
  expect(constraints({ replicas: 1 })).toEqual(constraints({ replicas: 5 }));
});

it("leaves the pods to the scheduler's own settings where the model says so", () => {
  expect(constraints({ spread: "anywhere" })).toBeUndefined();
  expect(constraints({ spread: "apart" })).toEqual(constraints({}));
});
