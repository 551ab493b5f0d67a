import { describe, expect, it } from "vitest";
import { dev } from "../../stacks/environments/dev.ts";
import { type Environment, validateEnvironment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { parseStackName, stackName } from "../../stacks/stackName.ts";

const problemsOf = (change: Partial<Environment>) => validateEnvironment({ ...dev, ...change });

it.each(Object.entries(environments))(
  "the declared environment %s has no problem and goes by its own name",
  (name, environment) => {
    expect(validateEnvironment(environment)).toEqual([]);
    expect(environment.name).toBe(name);
  },
);

it("reports every problem at once", () => {
  const paths = problemsOf({
    clusters: {},
    domain: "models",
    dataSync: { mode: "batch", schedule: "at three" as "0 3 * * *" },
    platform: { ...dev.platform, prometheus: { install: {}, scrapeInterval: "1h" } },
    models: { fraud: { ...dev.models.fraud, version: "" } },
  }).map(({ path }) => path);
  expect(paths).toEqual([
    "clusters",
    "domain",
    "dataSync.schedule",
    "platform.prometheus.scrapeInterval",
    "models.fraud.version",
  ]);
});

it("wants at least one cluster", () => {
  expect(problemsOf({ clusters: {}, models: {} })[0]?.fix).toBe(
    "Declare at least one cluster: a cloud provider's or on-prem.",
  );
});

it("knows two ways to synchronise data", () => {
  expect(problemsOf({ dataSync: { mode: "realtime" } })).toEqual([]);
  expect(problemsOf({ dataSync: { mode: "hourly" } as unknown as Environment["dataSync"] })[0]?.reason).toBe(
    '"hourly" is neither "realtime" nor "batch".',
  );
});

it("sends no model to a cluster without its GPU", () => {
  const [problem] = problemsOf({ clusters: { "dc-lab": { cloud: "onPrem", kubeconfig: { secret: "x" } } } });
  expect(problem?.path).toBe("models.resnet50.server.gpu");
  expect(problem?.reason).toBe('1 × L4 in one pod, but the nodes of cluster "dc-lab" have 0 at most.');
});

describe("stack names", () => {
  it("are read as they are written", () => {
    for (const cluster of [undefined, "dc-lab"]) {
      const parsed = parseStackName(stackName("dev", "platform", cluster), environments);
      expect([parsed.environment.name, parsed.layer, parsed.cluster]).toEqual(["dev", "platform", cluster]);
    }
  });

  it.each([
    ["deev-cluster", 'Did you mean "dev"?'],
    ["dev-clusters", 'Did you mean "cluster"?'],
    ["dev-platform-dc-lap", 'Did you mean "dc-lab"?'],
  ])("refuse %s", (name, fix) => {
    expect(() => parseStackName(name, environments)).toThrow(fix);
  });
});
