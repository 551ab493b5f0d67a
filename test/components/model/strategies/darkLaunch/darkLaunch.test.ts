import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { strategyOf } from "../../../../../components/model/strategies/strategies.ts";
import { entrySpec } from "../../../../../components/model/traffic.ts";
import { sound } from "../../fixtures.ts";
import { analysesOf, released, rolloutOf } from "../phases/releases.ts";

describe("a dark launch", () => {
  it("sends only requests with the header to one pod of the new version, then shifts traffic as a canary does", () => {
    const { steps } = rolloutOf(darkLaunch()).canary;
    expect(steps.slice(0, 6)).toMatchObject([
      { setCanaryScale: { replicas: 1 } },
      {
        setHeaderRoute: {
          name: "cohort",
          match: [{ headerName: "x-user-group", headerValue: { exact: "internal-testers" } }],
        },
      },
      { pause: { duration: 600 } },
      { analysis: { templates: [{ templateName: "fraud-dark-launch" }] } },
      { setWeight: 5 },
      { setCanaryScale: { matchTrafficWeight: true } },
    ]);
    expect(steps.slice(6)).toEqual(rolloutOf(canary()).canary.steps.slice(1));
  });

  it("waits for the cohort's requests, however long they take, and decides nothing by their number alone", () => {
    const spec = analysesOf(darkLaunch({ requests: 50 })).get("fraud-dark-launch")?.spec;
    const [metric] = (spec as unknown as { metrics: Record<string, unknown>[] }).metrics;
    expect(metric).toMatchObject({ count: 1_000_000, inconclusiveLimit: 1_000_000, consecutiveSuccessLimit: 1 });
    expect(JSON.stringify(metric)).toContain(">= bool 50");
    expect(analysesOf(darkLaunch({ requests: 0 })).has("fraud-dark-launch")).toBe(false);
  });

  it("waits for a person where it is declared so", () => {
    const { steps } = rolloutOf(darkLaunch({ gate: "manual" })).canary;
    expect(steps[4]).toEqual({ pause: {} });
  });

  it("keeps the header route to the end, so that testers stay on the version they try", () => {
    const routes = rolloutOf(darkLaunch()).canary.steps.filter(({ setHeaderRoute }) => setHeaderRoute !== undefined);
    expect(routes).toHaveLength(1);
  });

  it("says which header, how long, and what follows", () => {
    const release = darkLaunch();
    expect(strategyOf(release).sentence(sound, release)).toBe(
      `dark launch for x-user-group: internal-testers, 10m and 20 requests; then ${strategyOf(canary()).sentence(sound, canary())}`,
    );
  });

  it("refuses a header that cannot be one, by the path that was typed", () => {
    const problems = (release: ReturnType<typeof darkLaunch>) =>
      validateModel("fraud", released(release)).map(({ path }) => path);
    expect(problems(darkLaunch({ cohort: { header: "X-User", value: "" } }))).toEqual([
      "release.cohort.header",
      "release.cohort.value",
    ]);
    expect(problems(darkLaunch({ cohort: { header: "content-type", value: "a" } }))).toEqual(["release.cohort.header"]);
    expect(problems(darkLaunch({ pods: 0, lasts: "1.5s", requests: -1 }))).toEqual([
      "release.pods",
      "release.lasts",
      "release.requests",
    ]);
  });
});

it("gRPC requests reach the release VirtualService whose routes lead to Triton's gRPC port", () => {
  const at = { namespace: "models", domain: "models.example.com", gateway: "istio-system/models" };
  const routes = (model: typeof sound) =>
    (entrySpec("fraud", model, at) as { http: { name: string; match?: unknown; delegate: { name: string } }[] }).http;
  const dark = routes(released(darkLaunch()) as typeof sound);
  expect(dark.map(({ name, delegate }) => [name, delegate.name])).toEqual([
    ["entry-grpc", "fraud-release-grpc"],
    ["entry", "fraud-release"],
  ]);
  expect(dark[0]?.match).toEqual([{ headers: { "content-type": { prefix: "application/grpc" } } }]);
  expect(routes(sound)).toHaveLength(1);
});
