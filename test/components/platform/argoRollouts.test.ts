import { expect, it } from "vitest";
import { rolloutsValues } from "../../../components/platform/argoRollouts.ts";

const controller = (at: Parameters<typeof rolloutsValues>[0] = {}) =>
  rolloutsValues(at).controller as Record<string, unknown>;

it("a release goes on when a node is lost or drained: two controllers apart, with a budget", () => {
  expect(controller({ zones: true })).toMatchObject({
    replicas: 2,
    pdb: { enabled: true, maxUnavailable: 1 },
    topologySpreadConstraints: [
      { topologyKey: "topology.kubernetes.io/zone" },
      { topologyKey: "kubernetes.io/hostname" },
    ],
  });
});

it("a site of one node has one controller, and no budget that would keep it there for ever", () => {
  expect(controller({ settings: { availability: "single" } })).toMatchObject({ replicas: 1, pdb: { enabled: false } });
});

it("the controller is not the first that a full node ends", () => {
  expect(controller()).toMatchObject({ resources: { requests: { memory: "256Mi" } } });
});
