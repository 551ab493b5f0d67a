import { Provider } from "@pulumi/kubernetes/provider.js";
import { expect, it } from "vitest";
import type { HostCluster } from "../../../components/model/hostCluster.ts";
import { ModelDeployment } from "../../../components/model/modelDeployment.ts";
import { type GpuRequest, triton } from "../../../components/model/triton.ts";
import { pool } from "../../preflight/cluster.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";
import { context, host, sound } from "./fixtures.ts";

const type = "kubernetes:policy/v1:PodDisruptionBudget";

function deployed(gpu: GpuRequest | undefined, gpuPools: HostCluster["gpuPools"]) {
  return recorded(() => {
    new ModelDeployment(
      "site-fraud",
      {
        ...context,
        model: { ...sound, server: triton({ backend: "python", ...(gpu === undefined ? {} : { gpu }) }) },
        host: { ...host, gpuPools },
        domain: "example.com",
        gateway: "istio-system/models",
        gatewayAddress: "gateway:80",
      },
      { providers: [new Provider("site", { kubeconfig: "" })] },
    );
    return {};
  });
}

it("is drained from a node pod by pod, and what never got ready does not hold up the drain", async () => {
  expect(inputsOf(await deployed(undefined, {}), type)).toMatchObject({
    metadata: { name: "fraud", namespace: "models" },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: { app: "fraud" } },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  });
});

it("has a budget where its pods can go to another node, else no drain of the only node would ever end", async () => {
  const gpu = { kind: "L4", count: 1 } as const;
  const budgets = async (...most: number[]) => {
    const pools = Object.fromEntries(most.map((max, index) => [`l4-${index}`, pool({ min: 0, max })]));
    return (await deployed(gpu, pools)).resources.filter((resource) => resource.type === type).length;
  };
  expect(await budgets(1)).toBe(0);
  expect(await budgets(2)).toBe(1);
  expect(await budgets(1, 1)).toBe(1);
});
