import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { ModelDeployment } from "../../../components/model/modelDeployment.ts";
import { recorded } from "../cluster/harness.ts";
import { context, host, sound } from "./fixtures.ts";

const credentials = pulumi.output<Record<string, string>>({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });

/** The kinds of a model's objects by whether the provider skips its wait. */
async function kinds(): Promise<{ skipped: string[]; awaited: string[] }> {
  const { resources } = await recorded(() => {
    new ModelDeployment(
      "site-fraud",
      {
        ...context,
        model: {
          ...sound,
          traffic: { ...sound.traffic, jwt: { issuer: "https://auth.example.com", audiences: ["a"] } },
        },
        host: {
          ...host,
          identity: { annotations: {}, podLabels: {}, credentials },
        },
        domain: "example.com",
        gateway: "istio-system/models",
        gatewayAddress: "gateway:80",
      },
      { providers: [new Provider("site", { kubeconfig: "" })] },
    );
    return {};
  });
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const isSkipped = ({ props }: (typeof objects)[number]) =>
    (props.metadata as { annotations?: Record<string, string> }).annotations?.["pulumi.com/skipAwait"] === "true";
  const of = (chosen: typeof objects) => [...new Set(chosen.map(({ type }) => type.split(":").at(-1) ?? ""))].sort();
  return { skipped: of(objects.filter(isSkipped)), awaited: of(objects.filter((object) => !isSkipped(object))) };
}

it("does not wait for a model's pods, so that the previous version can be brought back while none is ready", async () => {
  expect((await kinds()).skipped).toEqual([
    "AnalysisTemplate",
    "AuthorizationPolicy",
    "DestinationRule",
    "EnvoyFilter",
    "PodDisruptionBudget",
    "PodMonitor",
    "PrometheusRule",
    "RequestAuthentication",
    "Rollout",
    "Service",
    "VirtualService",
  ]);
});

it("leaves alone what nothing waits for", async () => {
  expect((await kinds()).awaited).toEqual(["Secret", "ServiceAccount"]);
});
