import { describe, it } from "vitest";
import { defineModel } from "../../../components/model/model.ts";
import { canary } from "../../../components/model/strategies/canary/canary.ts";
import { triton } from "../../../components/model/triton.ts";
import { shop } from "../../fixtures/shop.ts";
import { expectOneProblem, set, type Wrong } from "./changes.ts";

// What a file without types may give to the helpers.
const wrong = (value: unknown) => value as never;
const model = (spec: never) => set("models/fraud", defineModel(spec));
const server = (declared: unknown) => set("models/fraud/server", declared);
const release = (declared: unknown) => set("models/fraud/release", declared);

describe("a value of another kind, or outside a closed set, is one problem with the path that was typed", () => {
  it.each<Wrong>([
    // Values of another kind.
    ["an environment that is nothing", undefined, /it is undefined, not an object/],
    ["an environment that is an array", [], /it is an array, not an object/],
    ["a name that is a number", set("name", 7), /^name: 7 is a number, not a string/],
    ["clusters that are an array", set("clusters", []), /^clusters: it is an array, not an object/],
    ["a cluster that is null", set("clusters/aws", null), /^clusters\["aws"\]: it is null, not an object/],
    ["a cluster that is a string", set("clusters/aws", "aws"), /^clusters\["aws"\]: it is a string, not an object/],
    [
      "a version that is a number",
      set("clusters/aws/kubernetesVersion", 1.35),
      /kubernetesVersion: 1\.35 is a number, not "1\.34", "1\.35" or "1\.36"/,
    ],
    ["a region that is an array", set("clusters/aws/region", ["us-east-1"]), /region: it is an array, not a string/],
    ["two zones", set("clusters/aws/zones", ["us-east-1a", "us-east-1b"]), /zones: it has 2 items, not 3/],
    ["a zone that is a number", set("clusters/azure/zones", [1, "2", "3"]), /zones\[0\]: 1 is a number, not a string/],
    [
      "protection that is a string",
      set("clusters/aws/protect", "false"),
      /protect: "false" is a string, not a boolean/,
    ],
    [
      "labels that are numbers",
      set("clusters/aws/labels", { tier: 1 }),
      /labels\["tier"\]: 1 is a number, not a string/,
    ],
    ["admins that are one text", set("clusters/aws/admins", "role/x"), /admins: "role\/x" is a string, not an array/],
    ["a maximum that is a string", set("clusters/aws/gpuPools/l4/max", "8"), /\.max: "8" is a string, not a number/],
    ["a maximum that is no number", set("clusters/aws/gpuPools/l4/max", Number.NaN), /\.max: it is NaN, not a number/],
    [
      "a kubeconfig that is quoted nowhere",
      set("clusters/site/kubeconfig", "token: hush"),
      /kubeconfig: it is a string, not an object\.$/,
    ],
    [
      "a model that is a function",
      set("models/fraud", () => shop.models.fraud),
      /^models\.fraud: it is a function, not an object/,
    ],
    ["a model that is a class", set("models/fraud", new (class Fraud {})()), /^models\.fraud: it is not plain data/],
    [
      "a repository that is a string",
      set("models/fraud/repository", "fraud"),
      /^models\.fraud\.repository: it is a string, not an object/,
    ],
    [
      "an ingress that is its kind alone",
      set("clusters/aws/ingress", "public"),
      /ingress: it is a string, not an object\. Write an object whose kind is "internal" or "public"\.$/,
    ],
    [
      "a release that is its kind alone",
      set("models/fraud/release", "canary"),
      /^models\.fraud\.release: it is a string, not an object\. Write an object whose kind is .*"canary".*\.$/,
    ],
    ["replicas that are a string", set("models/fraud/replicas", "2"), /replicas: "2" is a string, not a number/],
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
    ["cores that are a number", set("models/fraud/server/cpu", 2), /server\.cpu: 2 is a number, not a string/],
    [
      "weights that are texts",
      set("models/fraud/release/weights", ["5", 100]),
      /weights\[0\]: "5" is a string, not a number/,
    ],
    [
      "weights with a sign",
      set("models/fraud/release/weights", ["5%", 100]),
      /weights\[0\]: "5%" is a string, not a number\. Write 5\.$/,
    ],
    [
      "a scrape interval that is a number",
      set("platform/prometheus/scrapeInterval", 15),
      /scrapeInterval: 15 is a number/,
    ],
    [
      "a server that is a text, as triton hands it on",
      server(triton(wrong("python"))),
      /^models\.fraud\.server: it is a string, not an object/,
    ],
    ["a server of nothing", server(triton(wrong(null))), /^models\.fraud\.server: it is null, not an object/],
    [
      "a release that is null, as canary hands it on",
      release(canary(wrong(null))),
      /^models\.fraud\.release: it is null, not an object/,
    ],
    ["a release that is a number", release(canary(wrong(5))), /^models\.fraud\.release: 5 is a number, not an object/],
    [
      "a misspelt option of canary",
      release(canary(wrong({ wieghts: [5, 100] }))),
      /^models\.fraud\.release\.wieghts: .*"weights"/,
    ],
    ["a model of a text", model(wrong("fraud")), /^models\.fraud: it is a string, not an object/],
    [
      "an objective that defineModel was not given",
      model(wrong({ ...shop.models.fraud, slo: undefined })),
      /^models\.fraud\.slo: it is missing/,
    ],
    [
      "a repository that is a text, given to defineModel",
      model(wrong({ ...shop.models.fraud, repository: "fraud" })),
      /^models\.fraud\.repository: it is a string/,
    ],
    ["a key that is no name", set("models", { "a b": 1 }), /^models\["a b"\]: 1 is a number, not an object/],
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
  ])("%s", (_title, declared, problem) => expectOneProblem(declared, problem));
});
