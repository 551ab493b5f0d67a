import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentProblems } from "../../stacks/environments/environmentProblems.ts";
import { shop } from "../fixtures/shop.ts";

type Tree = Record<string, unknown>;
type Step = string | number;

/** The environment of the tests with one thing changed. */
function changed(path: readonly Step[], change: (parent: Tree, key: string) => void): unknown {
  const copy = structuredClone(shop) as unknown as Tree;
  const parent = path.slice(0, -1).reduce<Tree>((tree, step) => tree[step] as Tree, copy);
  change(parent, String(path.at(-1)));
  return copy;
}

const set = (path: string, value: unknown) =>
  changed(path.split("/"), (parent, key) => {
    parent[key] = value;
  });
const without = (path: string) => changed(path.split("/"), (parent, key) => void delete parent[key]);
const renamed = (path: string, name: string) =>
  changed(path.split("/"), (parent, key) => {
    parent[name] = parent[key];
    delete parent[key];
  });

/** `path: reason fix`, as it is printed. */
const said = (declared: unknown) =>
  environmentProblems("shop", declared).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].filter(Boolean).join(" "),
  );

it("the environment of the tests has no problem", () => {
  expect(said(shop)).toEqual([]);
});

describe("a wrong declaration is one clear problem with the path that was typed", () => {
  const twoModels = (one: string, other: string) =>
    set("models", { [one]: shop.models.fraud, [other]: shop.models.fraud });

  it.each<[string, unknown, RegExp]>([
    // Keys that do not exist, at every level.
    ["of the environment", renamed("domain", "domian"), /^domian: there is no such key\. Did you mean "domain"\?/],
    ["a key too many", set("owner", "ada"), /^owner: there is no such key\. The keys are name, clusters, /],
    ["of a cluster on AWS", set("clusters/aws/purchaze", {}), /^clusters\["aws"\]\.purchaze: there is no such key/],
    ["of a cluster on Azure", renamed("clusters/azure/admins", "admin"), /^clusters\["azure"\]\.admin: .* "admins"/],
    [
      "of a cluster on Google Cloud",
      set("clusters/gcp/kubernetesVersoin", "1.35"),
      /kubernetesVersoin: .*"kubernetesVersion"/,
    ],
    ["of a cluster on-prem", set("clusters/site/setings", {}), /^clusters\["site"\]\.setings: .*"settings"/],
    [
      "of another cloud's cluster",
      set("clusters/site/region", "us-east-1"),
      /^clusters\["site"\]\.region: there is no such key/,
    ],
    [
      "of a pool",
      set("clusters/aws/gpuPools/l4/purchaze", { kind: "spot" }),
      /gpuPools\["l4"\]\.purchaze: .*"purchase"/,
    ],
    [
      "of an on-prem pool",
      set("clusters/site/gpuPools/l4/machine", "g6.2xlarge"),
      /gpuPools\["l4"\]\.machine: there is no such key/,
    ],
    ["of a purchase", set("clusters/aws/gpuPools/l4/purchase/price", 1), /purchase\.price: there is no such key/],
    ["of an audit store", set("clusters/aws/auditStore/retention", 1), /auditStore\.retention: .*"retentionDays"/],
    ["of site settings", set("clusters/site/settings/storageclass", "x"), /settings\.storageclass: .*"storageClass"/],
    ["of an ingress", set("clusters/site/settings/ingress/port", 1), /settings\.ingress\.port: there is no such key/],
    ["of a model store", set("clusters/site/modelStore/s3/buckets", 1), /modelStore\.s3\.buckets: .*"bucket"/],
    [
      "of store credentials",
      set("clusters/site/modelStore/s3/credentials/key", 1),
      /credentials\.key: there is no such key/,
    ],
    ["of the platform", set("platform/gpuOperater", { install: {} }), /^platform\.gpuOperater: .*"gpuOperator"/],
    [
      "of a system",
      set("platform/prometheus/interval", "15s"),
      /^platform\.prometheus\.interval: there is no such key/,
    ],
    [
      "of an installation",
      set("platform/istio/install/version", "1.30"),
      /^platform\.istio\.install\.version: there is no such key/,
    ],
    [
      "of an adoption",
      set("platform/argoRollouts", { adopt: { version: 1 } }),
      /^platform\.argoRollouts\.adopt\.version: there is no such key\. Remove it\./,
    ],
    ["of a model", set("models/fraud/slos", {}), /^models\.fraud\.slos: .*"slo"/],
    ["of a server", set("models/fraud/server/gpus", 1), /^models\.fraud\.server\.gpus: .*"gpu"/],
    ["of a GPU request", set("models/images/server/gpu/model", "L4"), /server\.gpu\.model: there is no such key/],
    ["of traffic", set("models/fraud/traffic/expectedQps/mean", 1), /expectedQps\.mean: there is no such key/],
    ["of objectives", set("models/fraud/slo/p95", "100ms"), /^models\.fraud\.slo\.p95: .*"p99"/],
    ["of a score", set("models/fraud/slo/predictionScore/median", 1), /predictionScore\.median: there is no such key/],
    ["of a release", set("models/fraud/release/wieghts", []), /^models\.fraud\.release\.wieghts: .*"weights"/],
    [
      "of a repository",
      set("models/fraud/repository", { modelStroe: "fraud" }),
      /^models\.fraud\.repository\.modelStroe: .*"modelStore"/,
    ],

    // Values of another kind.
    ["an environment that is nothing", undefined, /it is undefined, not an object/],
    ["an environment that is a list", [], /it is a list, not an object/],
    ["a name that is a number", set("name", 7), /^name: 7 is a number, not a text/],
    ["clusters that are a list", set("clusters", []), /^clusters: it is a list, not an object/],
    ["a cluster that is null", set("clusters/aws", null), /^clusters\["aws"\]: it is null, not an object/],
    ["a cluster that is a text", set("clusters/aws", "aws"), /^clusters\["aws"\]: it is a text, not an object/],
    [
      "a version that is a number",
      set("clusters/aws/kubernetesVersion", 1.35),
      /kubernetesVersion: 1\.35 is a number, not "1\.34", "1\.35" or "1\.36"/,
    ],
    ["a region that is a list", set("clusters/aws/region", ["us-east-1"]), /region: it is a list, not a text/],
    ["two zones", set("clusters/aws/zones", ["us-east-1a", "us-east-1b"]), /zones: it has 2 items, not 3/],
    ["a zone that is a number", set("clusters/azure/zones", [1, 2, 3]), /zones\[0\]: 1 is a number, not a text/],
    ["protection that is a text", set("clusters/aws/protect", "false"), /protect: "false" is a text, not a boolean/],
    ["labels that are numbers", set("clusters/aws/labels", { tier: 1 }), /labels\["tier"\]: 1 is a number, not a text/],
    ["admins that are one text", set("clusters/aws/admins", "role/x"), /admins: "role\/x" is a text, not a list/],
    ["a maximum that is a text", set("clusters/aws/gpuPools/l4/max", "8"), /\.max: "8" is a text, not a number/],
    ["a maximum that is no number", set("clusters/aws/gpuPools/l4/max", Number.NaN), /\.max: /],
    [
      "a kubeconfig that is quoted nowhere",
      set("clusters/site/kubeconfig", "token: hush"),
      /kubeconfig: it is a text, not an object\.$/,
    ],
    [
      "a model that is a function",
      set("models/fraud", () => shop.models.fraud),
      /^models\.fraud: it is a function, not an object/,
    ],
    ["a model that is a class", set("models/fraud", new (class Fraud {})()), /^models\.fraud: it is not plain data/],
    [
      "a repository that is a text",
      set("models/fraud/repository", "fraud"),
      /^models\.fraud\.repository: it is a text, not an object/,
    ],
    ["replicas that are a text", set("models/fraud/replicas", "2"), /replicas: "2" is a text, not a number/],
    [
      "a latency without a unit",
      set("models/fraud/slo/p99", "150"),
      /slo\.p99: "150" is not a duration such as "150ms"/,
    ],
    ["a latency that is a number", set("models/fraud/slo/p99", 150), /slo\.p99: 150 is a number, not a duration/],
    [
      "an error rate without a sign",
      set("models/fraud/slo/errorRate", "0.1"),
      /errorRate: "0\.1" is not a share in percent/,
    ],
    [
      "memory in another spelling",
      set("models/fraud/server/memory", "2Gi"),
      /memory: "2Gi" is not an amount of memory/,
    ],
    ["cores that are a number", set("models/fraud/server/cpu", 2), /server\.cpu: 2 is a number, not a text/],
    [
      "weights that are texts",
      set("models/fraud/release/weights", ["5", 100]),
      /weights\[0\]: "5" is a text, not a number/,
    ],
    [
      "a scrape interval that is a number",
      set("platform/prometheus/scrapeInterval", 15),
      /scrapeInterval: 15 is a number/,
    ],
    ["a system that is a boolean", set("platform/istio", true), /^platform\.istio: true is a boolean, not an object/],

    // Values outside a closed set.
    [
      "a cloud",
      set("clusters/aws/cloud", "awz"),
      /^clusters\["aws"\]\.cloud: "awz" is not one of .* Did you mean "aws"\?/,
    ],
    ["a machine", set("clusters/aws/gpuPools/l4/machine", "g6.2xlarg"), /machine: .* Did you mean "g6\.2xlarge"\?/],
    ["a way to buy", set("clusters/aws/gpuPools/l4/purchase", { kind: "spto" }), /purchase\.kind: .*"spot"/],
    [
      "a way to buy of another cloud",
      set("clusters/azure/gpuPools/t4/purchase", { kind: "block", reservation: "x" }),
      /purchase\.kind: "block" is not one of/,
    ],
    ["a backend", set("models/fraud/server/backend", "pyhton"), /server\.backend: .*"python"/],
    ["a model of GPU", set("models/images/server/gpu/kind", "L40"), /server\.gpu\.kind/],
    ["a kind of release", set("models/fraud/release/kind", "canarry"), /release(\.kind)?: /],
    ["a mode of an audit store", set("clusters/aws/auditStore/mode", "open"), /auditStore\.mode: "open" is not one of/],
    [
      "install and adopt at once",
      set("platform/argoRollouts", { install: {}, adopt: {} }),
      /^platform\.argoRollouts: "install" and "adopt" exclude each other/,
    ],
    [
      "neither install nor adopt",
      set("platform/argoRollouts", {}),
      /^platform\.argoRollouts: it has none of "install", "adopt"/,
    ],

    // Fields that are missing.
    ["a name", without("name"), /^name: it is missing/],
    ["a domain", without("domain"), /^domain: it is missing/],
    ["the platform", without("platform"), /^platform: it is missing/],
    ["a system", without("platform/istio"), /^platform\.istio: it is missing/],
    ["the models", without("models"), /^models: it is missing/],
    [
      "a cluster's cloud",
      without("clusters/aws/cloud"),
      /^clusters\["aws"\]\.cloud: it is missing\. Write "aws", "azure", "gcp" or "onPrem"/,
    ],
    ["a region", without("clusters/aws/region"), /region: it is missing/],
    ["admins", without("clusters/gcp/admins"), /admins: it is missing/],
    ["a pool's machine", without("clusters/aws/gpuPools/l4/machine"), /machine: it is missing/],
    ["a pool's maximum", without("clusters/aws/gpuPools/l4/max"), /max: it is missing/],
    ["a bucket's key", without("clusters/site/modelStore/s3/credentials/accessKeyId"), /accessKeyId: it is missing/],
    ["a model's version", without("models/fraud/version"), /^models\.fraud\.version: it is missing/],
    ["a model's objectives", without("models/fraud/slo"), /^models\.fraud\.slo: it is missing/],
    ["an error rate", without("models/fraud/slo/errorRate"), /errorRate: it is missing/],
    ["a model's release", without("models/fraud/release"), /^models\.fraud\.release: it is missing/],
    ["a release's kind", without("models/fraud/release/kind"), /^models\.fraud\.release\.kind: it is missing/],

    // Names and limits.
    ["another name than the key", set("name", "store"), /^name: "store" is not "shop", the key of the environment/],
    [
      "a cluster's name that is no label",
      renamed("clusters/aws", "Aws_1"),
      /^clusters\["Aws_1"\]: .* is not a DNS label/,
    ],
    [
      "a cluster's name that is too long in the cloud",
      renamed("clusters/aws", "a".repeat(28)),
      /characters and may have 30/,
    ],
    [
      "a pool's name that is too long",
      renamed("clusters/aws/gpuPools/l4", "l".repeat(21)),
      /is not a DNS label of at most 20/,
    ],
    ["a model's name that is too long", renamed("models/fraud", "f".repeat(41)), /is not a DNS label of at most 40/],
    ["a version with a capital", set("models/fraud/version", "V1"), /^models\.fraud\.version: "V1" is not/],
    ["a domain that is an IP address", set("domain", "10.0.0.1"), /^domain: "10\.0\.0\.1" is an IP address/],
    [
      "a domain with a label of 64",
      set("domain", `${"a".repeat(64)}.example.com`),
      /^domain: .* has 64 characters, and a label may have 63/,
    ],
    ["a domain of one label", set("domain", "models"), /^domain: "models" is not a domain name/],
    ["a label that no cloud takes", set("clusters/aws/labels", { "Cost Center": "x" }), /labels\["Cost Center"\]: /],
    ["a label's value that is too long", set("clusters/aws/labels", { team: "x".repeat(64) }), /labels\["team"\]: /],
    ["a label that is the cloud's", set("clusters/gcp/labels", { "goog-x": "y" }), /reserved/],
    [
      "a region that does not exist",
      set("clusters/aws/region", "us-esat-1"),
      /region: "us-esat-1" is not a region of AWS that is known here\. Did you mean "us-east-1"\?/,
    ],
    ["a region of another cloud", set("clusters/azure/region", "us-east-1"), /region: /],
    [
      "a zone that the region has not",
      changed(["clusters", "gcp", "zones"], (parent) =>
        Object.assign(parent, {
          region: "europe-west1",
          zones: ["europe-west1-a", "europe-west1-b", "europe-west1-c"],
        }),
      ),
      /zones\[0\]: "europe-west1-a" is not a zone/,
    ],
    ["a zone that is there twice", set("clusters/azure/zones", ["1", "1", "2"]), /zones\[1\]: "1" is there twice/],
    ["addresses that overlap", set("clusters/azure/cidr", "10.16.0.0/16"), /cidr/],
    [
      "an image without a digest",
      set("models/fraud/server/image", "nvcr.io/nvidia/tritonserver:26.07"),
      /image: .* is not pinned by digest/,
    ],

    // Two things that are one.
    [
      "two VirtualServices",
      twoModels("fraud", "fraud-release"),
      /^models\.fraud-release: it makes the VirtualService "fraud-release", which model "fraud" makes too/,
    ],
    [
      "models in Istio's namespace",
      set("platform/modelNamespace", { create: "istio-system" }),
      /modelNamespace\.create: "istio-system" is the namespace of Istio/,
    ],
    [
      "models in Prometheus' namespace",
      set("platform/modelNamespace", { create: "monitoring" }),
      /is the namespace of Prometheus/,
    ],
    [
      "models in the controller's namespace",
      set("platform/modelNamespace", { adopt: "argo-rollouts" }),
      /is the namespace of Argo Rollouts/,
    ],
    [
      "a namespace of Kubernetes",
      set("platform/modelNamespace", { create: "kube-system" }),
      /is a namespace that Kubernetes makes itself/,
    ],
    [
      "the default namespace",
      set("platform/modelNamespace", { create: "default" }),
      /is a namespace that Kubernetes makes itself/,
    ],

    // What cannot fit.
    [
      "more pods than GPUs",
      set("models/images/replicas", 100_000),
      /^models\.images\.replicas: 100000 pods and as many of the next version/,
    ],
    [
      "no room for the next version",
      set("models/images/replicas", 5),
      /^models\.images\.replicas: 5 pods .* are 10, but the pools of cluster "aws" have room for 8/,
    ],
    [
      "more memory than a node has",
      set("models/images/server/memory", "30GiB"),
      /^models\.images\.server\.memory: one pod asks for 2 cores and 30GiB/,
    ],
    [
      "more cores than a node has",
      set("models/images/server/cpu", "8"),
      /^models\.images\.server\.cpu: one pod asks for 8 cores/,
    ],
    [
      "more shared memory than memory",
      set("models/fraud/server/sharedMemory", "3GiB"),
      /sharedMemory: "3GiB" is above memory \("2GiB"\)/,
    ],
    ["no CPU", set("models/fraud/server/cpu", "0"), /server\.cpu: "0" is nothing/],
    [
      "a GPU that no pool has",
      set("models/images/server/gpu", { kind: "H100-80GB", count: 1 }),
      /server\.gpu: 1 × H100/,
    ],
    ["more GPUs than a node has", set("models/images/server/gpu/count", 2), /server\.gpu: 2 × L4 or T4/],
    ["no cluster", set("clusters", {}), /^clusters: there is none/],
    ["a minimum above the maximum", set("clusters/aws/gpuPools/l4/min", 9), /\.min: 9 is above max \(8\)/],
    ["weights that fall", set("models/fraud/release/weights", [20, 5, 100]), /weights\[1\]: 5 is not above 20/],
  ])("%s", (_title, declared, expected) => {
    const problems = said(declared);
    expect(problems.filter((problem) => expected.test(problem)).length, problems.join("\n")).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).not.toMatch(/\[object|TypeError|hush/);
  });
});

it("reports everything at once", () => {
  const copy = structuredClone(shop) as unknown as { name: unknown; domain: unknown; models: Record<string, Tree> };
  copy.name = 1;
  copy.domain = 2;
  delete copy.models.fraud?.version;
  Object.assign(copy.models.images ?? {}, { owner: "ada" });
  expect(
    environmentProblems("shop", copy)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["name", "domain", "models.fraud.version", "models.images.owner"].sort());
});

describe("whatever JavaScript allows", () => {
  it("an object that contains itself", () => {
    const loop: Tree = structuredClone(shop) as unknown as Tree;
    (loop.models as Tree).fraud = loop;
    expect(said(loop).length).toBeGreaterThan(0);
  });

  it("a field that throws when it is read", () => {
    const trap = structuredClone(shop) as unknown as Tree;
    Object.defineProperty(trap, "domain", {
      enumerable: true,
      get: () => {
        throw new Error("no domain today");
      },
    });
    expect(said(trap)).toEqual(["domain: it cannot be read: no domain today."]);
  });

  it("any value in the place of any field is a problem at that path or below, or is of the kind that belongs there", () => {
    const paths: Step[][] = [];
    const walk = (value: unknown, path: Step[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value === "object" && value !== null) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      }
    };
    walk(shop, []);
    const values = fc.oneof(
      fc.constantFrom(undefined, null, true, -1, Number.NaN, "", "x", [], {}, () => 1, Symbol("x"), 10n),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, (path, value) => {
        const problems = environmentProblems(
          "shop",
          changed(path, (parent, key) => void Object.assign(parent, { [key]: value })),
        );
        for (const problem of problems) {
          expect(problem.path.length + problem.reason.length).toBeGreaterThan(5);
          expect(problem.reason).not.toMatch(/\[object/);
        }
      }),
      { numRuns: 400 },
    );
  });
});
