import { describe, expect, it } from "vitest";
import { dev } from "../../stacks/environments/dev.ts";
import { type Environment, validateEnvironment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { test } from "../../stacks/environments/test.ts";
import { parseStackName, stackName } from "../../stacks/stackName.ts";

const problemsIn = (environment: Environment, change: Partial<Environment>) =>
  validateEnvironment({ ...environment, ...change });
const problemsOf = (change: Partial<Environment>) => problemsIn(dev, change);

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
    platform: { ...dev.platform, prometheus: { install: {}, scrapeInterval: "1h" } },
    models: { fraud: { ...dev.models.fraud, version: "" } },
  }).map(({ path }) => path);
  expect(paths).toEqual(["clusters", "domain", "platform.prometheus.scrapeInterval", "models.fraud.version"]);
});

it("wants at least one cluster", () => {
  expect(problemsOf({ clusters: {}, models: {} })[0]?.fix).toBe(
    "Declare at least one cluster: a cloud provider's or on-prem.",
  );
});

it("sends no model to a cluster without its GPU", () => {
  const [problem] = problemsOf({ clusters: { "dc-lab": { cloud: "onPrem", kubeconfig: { secret: "x" } } } });
  expect(problem?.path).toBe("models.resnet50.server.gpu");
  expect(problem?.reason).toBe('1 × L4 or A10G or T4 in one pod, but the nodes of cluster "dc-lab" have 0 at most.');
});

describe("an ingress from the internet", () => {
  const ingress = { kind: "public", sourceRanges: ["203.0.113.0/24"] } as const;
  const clusters = { "aws-use1": { ...prod.clusters["aws-use1"], ingress } };

  it("is refused over plain HTTP", () => {
    const platform = { ...prod.platform, istio: { install: {} } };
    expect(problemsIn(prod, { clusters, platform })).toEqual([
      {
        path: 'clusters["aws-use1"].ingress',
        reason: "the internet would reach models over plain HTTP.",
        fix: 'Declare platform.istio.certificate, or write { kind: "internal" }.',
      },
    ]);
    expect(problemsIn(prod, { clusters })).toEqual([]);
  });

  it("cannot be declared for a gateway that somebody else runs", () => {
    const gateway = { port: "8080", address: "gateway.example.com:80" };
    const platform = { ...prod.platform, istio: { adopt: { gateway } } };
    expect(problemsIn(prod, { clusters, platform }).map(({ path }) => path)).toEqual(['clusters["aws-use1"].ingress']);
  });
});

describe("clusters of an environment", () => {
  const { clusters } = prod;

  it("share no addresses, and are told which are free", () => {
    const moved = { ...clusters["azure-weu"], cidr: "10.16.128.0/17" };
    expect(problemsIn(prod, { clusters: { ...clusters, "azure-weu": moved } })).toEqual([
      {
        path: 'clusters["azure-weu"].cidr',
        reason: '10.16.128.0/17 overlaps 10.16.0.0/16 of cluster "aws-use1".',
        fix: 'Write "10.1.0.0/17", which is free.',
      },
    ]);
  });

  it("have names that every cloud takes", () => {
    const key = "a-very-long-name-for-a-cluster";
    const problems = problemsIn(prod, { name: "environment-name", clusters: { [key]: clusters["gcp-euw4"] } });
    expect(problems.find(({ path }) => path === `clusters["${key}"]`)).toEqual({
      path: `clusters["${key}"]`,
      reason: `"environment-name-${key}", the cluster's name in the cloud, has 47 characters and may have 40.`,
      fix: "Write a shorter key.",
    });
  });

  it("say everything that is wrong with them, where it was written", () => {
    const { "aws-use1": aws } = clusters;
    const [region, machine] = problemsIn(prod, {
      models: {},
      clusters: {
        "aws-use1": {
          ...aws,
          region: "us-east",
          gpuPools: { l4: { machine: "g6.2xlage" as "g6.2xlarge", min: 0, max: 1 } },
        },
      },
    });
    expect(region?.path).toBe('clusters["aws-use1"].region');
    expect(machine).toMatchObject({
      path: 'clusters["aws-use1"].gpuPools["l4"].machine',
      fix: 'Did you mean "g6.2xlarge"?',
    });
  });

  it.each([
    ["aws-use1", "us--east", "its trail has the same, in which CloudTrail takes no two hyphens side by side."],
    [
      "azure-weu",
      "login-microsoft",
      'the names of its vaults and accounts begin with it, where Azure takes no "microsoft" and "windows", and no "login" first.',
    ],
    [
      "gcp-euw4",
      "g00gle",
      'the names of its buckets have it in them, where Cloud Storage takes no "google" and nothing like it.',
    ],
  ] as const)("have names that the cloud of %s takes", (like, key, reason) => {
    expect(problemsIn(prod, { clusters: { [key]: clusters[like] } })).toEqual([
      {
        path: `clusters["${key}"]`,
        reason: `"prod-${key}" is the cluster's name in the cloud, and ${reason}`,
        fix: "Choose another one.",
      },
    ]);
  });

  it("are told apart by name together with each of their models", () => {
    const { fraud } = prod.models;
    const site = clusters["dc-fra"];
    const sites = { dc: site, "dc-large": { ...site, kubeconfig: { secret: "largeKubeconfig" } } };
    expect(problemsIn(prod, { clusters: sites, models: { "large-llm": fraud, llm: fraud } })).toEqual([
      {
        path: "models.llm",
        reason: 'on cluster "dc-large" it is "dc-large-llm" in a stack, as model "large-llm" on cluster "dc" is.',
        fix: "Give one of the models or clusters another name.",
      },
    ]);
  });

  it("run versions that fit what is installed on them", () => {
    const newer = { ...clusters["gcp-euw4"], kubernetesVersion: "1.36" } as const;
    expect(problemsIn(prod, { clusters: { "gcp-euw4": newer } })).toEqual([
      {
        path: 'clusters["gcp-euw4"].kubernetesVersion',
        reason:
          "Argo Rollouts 1.9.1 is tested on Kubernetes 1.32–1.35, not 1.36 (argoproj/argo-rollouts `.github/workflows/testing.yaml` at the tag).",
        fix: expect.stringContaining('Write kubernetesVersion "1.35"'),
      },
    ]);
  });

  it("have drivers that the models' Triton runs on", () => {
    const site = clusters["dc-fra"];
    const old = { ...site.gpuPools.l4, driver: { owner: "preinstalled", version: "570.86.10" } } as const;
    const [problem, ...others] = problemsIn(prod, { clusters: { "dc-fra": { ...site, gpuPools: { l4: old } } } });
    expect(others).toEqual([]);
    expect(problem?.path).toBe('clusters["dc-fra"].gpuPools["l4"].driver');
    expect(problem?.reason).toContain("570.86.10");
  });

  it("have one driver of the operator", () => {
    const site = clusters["dc-fra"];
    const older = { ...site.gpuPools.l4, gpu: "A10", driver: { owner: "operator", version: "580.173.02" } } as const;
    const gpuPools = { ...site.gpuPools, older };
    expect(problemsIn(prod, { clusters: { "dc-fra": { ...site, gpuPools } } })).toEqual([
      {
        path: 'clusters["dc-fra"].gpuPools["older"].driver.version',
        reason: '"580.173.02" is not "595.91.07" of gpuPools["l4"], and the operator installs one driver in a cluster.',
        fix: "Write the same version, or put the pools into two clusters.",
      },
    ]);
  });

  it("adopt nothing where nobody can look", () => {
    const problems = problemsIn(test, { platform: { ...test.platform, argoRollouts: { adopt: {} } } });
    expect(problems).toEqual([
      {
        path: "platform.argoRollouts.adopt",
        reason: 'cluster "edge-ber": manifests are rendered for this site, so what is there cannot be looked at.',
        fix: "Write install: {}.",
      },
    ]);
  });
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
