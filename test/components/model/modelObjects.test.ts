import { expect, it } from "vitest";
import { modelObjects } from "../../../components/model/modelObjects.ts";
import { abTest } from "../../../components/model/strategies/abTest/abTest.ts";
import { darkLaunch } from "../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import type { Release } from "../../../components/model/strategies/strategies.ts";
import { inferenceUrl } from "../../../components/model/traffic.ts";
import { shown } from "../../../plan/shownValues.ts";
import type { Environment } from "../../../stacks/environments/environment.ts";
import { shop } from "../../fixtures/shop.ts";
import { recordLayers } from "../../recordLayers.ts";

it.each<[string, Release | undefined]>([
  ["declared", undefined],
  ["A/B test", abTest({ percent: 20, metric: { successes: "a_total", trials: "b_total" } })],
  [
    "dark launch with a flag",
    darkLaunch({ cohort: { header: "x-user-group", value: "testers", flag: { percent: 5 } } }),
  ],
])(
  "names every object that a model makes on a cluster, so that two models cannot make one (%s)",
  async (_, release) => {
    const models = Object.entries(shop.models).map(([name, model]) => [name, release ? { ...model, release } : model]);
    const environment: Environment = {
      ...shop,
      clusters: { site: shop.clusters.site },
      models: Object.fromEntries(models) as Environment["models"],
    };
    const made = (await recordLayers(environment))
      .filter(({ urn, custom, type }) => custom && urn.includes("ModelDeployment$") && type.startsWith("kubernetes:"))
      .map(({ type, props }) => {
        const { name } = (shown(props) as { metadata: { name: string } }).metadata;
        return `${type.slice(type.lastIndexOf(":") + 1)} ${name}`;
      });
    const known = Object.entries(environment.models).flatMap(([name, model]) =>
      modelObjects(name, model, "models").map((object) => `${object.kind} ${object.name}`),
    );
    expect(made.filter((object) => !known.includes(object))).toEqual([]);
    expect(known.filter((object) => !made.includes(object))).toEqual([]);
  },
);

it("tells browsers to use nothing but HTTPS where the gateway serves it, and nothing where it does not", async () => {
  const entry = async (istio: Environment["platform"]["istio"]) => {
    const environment = { ...shop, clusters: { site: shop.clusters.site }, platform: { ...shop.platform, istio } };
    const resources = await recordLayers(environment);
    const found = resources.find(({ name, type }) => type.endsWith(":VirtualService") && name.endsWith("fraud-entry"));
    const { spec } = shown(found?.props ?? {}) as { spec: { http: [{ headers?: object }] } };
    return spec.http[0].headers;
  };
  expect(await entry({ install: {} })).toBeUndefined();
  expect(await entry({ install: {}, certificate: { kind: "privateCa" } })).toEqual({
    response: { set: { "strict-transport-security": "max-age=31536000", "x-content-type-options": "nosniff" } },
  });
});

it("publishes a URL whose name the certificate is for, since clients check that name and not the Host header", () => {
  const at = { name: "fraud", domain: "models.example.com" };
  const https = (gatewayAddress: string) => inferenceUrl({ ...at, gatewayScheme: "https", gatewayAddress });
  expect(https("internal-4711.elb.us-east-1.amazonaws.com:443")).toBe(
    "https://fraud.models.example.com/v2/models/fraud/infer",
  );
  expect(https("edge-ber.example.com:30080")).toBe("https://fraud.models.example.com:30080/v2/models/fraud/infer");
  expect(https("[fd00::1]:8443")).toBe("https://fraud.models.example.com:8443/v2/models/fraud/infer");
  expect(inferenceUrl({ ...at, gatewayScheme: "http", gatewayAddress: "10.0.0.7:80" })).toBe(
    "http://10.0.0.7:80/v2/models/fraud/infer",
  );
});
