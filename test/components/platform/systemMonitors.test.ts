import { expect, it } from "vitest";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";

const monitorsOf = async (environment: string) =>
  (await record(environment))
    .filter(({ stack }) => stack.endsWith("-platform"))
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type === "kubernetes:monitoring.coreos.com/v1:PodMonitor")
    .map(({ props }) => shown(props) as { metadata: { namespace: string; name: string }; spec: object });

it("gateway, istiod and Rollouts controller are scraped where they are installed", async () => {
  const monitors = await monitorsOf("dev");
  expect(monitors.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)).toEqual([
    "istio-system/istiod",
    "istio-ingress/istio-ingressgateway",
    "argo-rollouts/argo-rollouts",
  ]);
  expect(monitors.map(({ spec }) => spec)).toMatchObject([
    { selector: { matchLabels: { app: "istiod" } }, podMetricsEndpoints: [{ port: "http-monitoring" }] },
    {
      selector: { matchLabels: { istio: "ingressgateway" } },
      podMetricsEndpoints: [{ port: "http-envoy-prom", path: "/stats/prometheus" }],
    },
    {
      selector: { matchLabels: { "app.kubernetes.io/component": "rollouts-controller" } },
      podMetricsEndpoints: [{ port: "metrics" }],
    },
  ]);
});

it("a metric of a Rollout keeps the Rollout's namespace (argo-rollouts #1866)", async () => {
  const [, , rollouts] = await monitorsOf("dev");
  expect(rollouts?.spec).toMatchObject({ podMetricsEndpoints: [{ honorLabels: true }] });
});

it("what is adopted is its owner's to scrape", async () => {
  expect(await monitorsOf("local")).toEqual([]);
});
