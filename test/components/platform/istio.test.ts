import { describe, expect, it } from "vitest";
import type { SiteSettings } from "../../../components/cluster/onPrem/siteSettings.ts";
import { baseValues, Istio, istiodValues } from "../../../components/platform/istio.ts";
import { gatewayValues } from "../../../components/platform/istioGateway.ts";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

describe("an upgrade of Istio finds no field that istiod has taken over:", () => {
  it("the validating webhooks of both charts fail closed from the start, as istiod sets them (istio #44285)", () => {
    const closed = { base: { validationFailurePolicy: "Fail" } };
    expect(baseValues()).toMatchObject(closed);
    expect(istiodValues({}, {})).toMatchObject(closed);
  });

  it("so an Istio object is written when istiod answers, and not before", async () => {
    const run = await recorded(() => {
      new Istio("istio", { install: {} });
      return {};
    });
    const policy = run.resources.find(({ name }) => name === "istio-strict-mtls");
    const charts = run.resources.filter(({ type }) => type === "kubernetes:helm.sh/v4:Chart");
    const urn = (nameEnds: string) => charts.find(({ name }) => name.endsWith(nameEnds))?.urn;
    expect(policy?.dependencies).toEqual(expect.arrayContaining([urn("-istiod"), urn("-ingressgateway")]));
  });
});

it("the gateway's metrics say which version a request was for, since no pod's label says it where none answered", async () => {
  const run = await recorded(() => {
    new Istio("istio", { install: {} });
    return {};
  });
  const { metadata, spec } = inputsOf(run, "kubernetes:telemetry.istio.io/v1:Telemetry", "-gateway-metrics") as {
    metadata: object;
    spec: unknown;
  };
  expect(metadata).toMatchObject({ namespace: "istio-ingress" });
  expect(spec).toMatchObject({
    selector: { matchLabels: { istio: "ingressgateway" } },
    metrics: [
      { overrides: [{ match: { mode: "CLIENT" }, tagOverrides: { upstream_cluster: { value: "xds.cluster_name" } } }] },
    ],
  });
});

it("what a cloud wants of webhooks is on the injector's", async () => {
  const webhookAnnotations = { "admissions.enforcer/disabled": "true" };
  const run = await recorded(() => {
    new Istio("istio", { install: {}, webhookAnnotations });
    return {};
  });
  expect(inputsOf(run, "kubernetes:helm.sh/v4:Chart", "-istiod").values).toMatchObject({
    sidecarInjectorWebhookAnnotations: webhookAnnotations,
  });
});

it("on AKS the enforcer leaves it alone, and other clouds need nothing (Azure/AKS #1771, #4002)", async () => {
  const charts = (await record("prod"))
    .flatMap(({ resources }) => resources)
    .filter(({ type, name }) => type === "kubernetes:helm.sh/v4:Chart" && name.endsWith("-istiod"));
  const annotations = charts.map(({ name, props }) => {
    const { values } = shown(props) as { values: { sidecarInjectorWebhookAnnotations: object } };
    return [name, values.sidecarInjectorWebhookAnnotations];
  });
  expect(Object.fromEntries(annotations)).toEqual({
    "aws-use1-istio-istiod": {},
    "azure-weu-istio-istiod": { "admissions.enforcer/disabled": "true" },
    "gcp-euw4-istio-istiod": {},
    "dc-fra-istio-istiod": {},
  });
});

describe("there are two of what traffic and admission need,", () => {
  const pods = (settings: SiteSettings = {}) => {
    const istiod = istiodValues({ settings }, {}) as { autoscaleMin: number };
    const gateway = gatewayValues({ settings }) as {
      autoscaling: { minReplicas: number };
      podDisruptionBudget: object;
    };
    return [istiod.autoscaleMin, gateway.autoscaling.minReplicas, gateway.podDisruptionBudget];
  };

  it("of which a drain takes one at a time", () => {
    expect(pods()).toEqual([2, 2, { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" }]);
    expect(pods({})).toEqual(pods());
  });

  it("in different zones and on different nodes where that is possible", () => {
    const constraints = [
      { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
      { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" },
    ];
    expect(istiodValues({ zones: true }, {})).toMatchObject({ topologySpreadConstraints: constraints });
    expect(gatewayValues({ zones: true })).toMatchObject({ topologySpreadConstraints: constraints });
  });

  it("and one at a site of one node, without a budget that would keep it there for ever", () => {
    expect(pods({ availability: "single" })).toEqual([1, 1, {}]);
  });
});

it("its pods are admitted at the level restricted, which its namespaces enforce", async () => {
  const seccompProfile = { type: "RuntimeDefault" };
  expect(istiodValues({}, {})).toMatchObject({ seccompProfile });
  // Setting the value replaces the chart's own, without which the gateway could not listen on ports 80 and 443.
  expect(gatewayValues({})).toMatchObject({
    securityContext: { seccompProfile, sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] },
  });
  const run = await recorded(() => {
    new Istio("istio", { install: {} });
    return {};
  });
  const level = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  for (const name of ["-namespace", "-ingress-namespace"]) {
    expect(inputsOf(run, "kubernetes:core/v1:Namespace", `istio${name}`).metadata).toMatchObject({ labels: level });
  }
});
