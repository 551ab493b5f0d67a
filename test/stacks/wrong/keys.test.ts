import { describe, it } from "vitest";
import { expectOneProblem, renamed, set, type Wrong, without } from "./changes.ts";

describe("a key that does not exist, or is missing, is one problem with the path that was typed", () => {
  it.each<Wrong>([
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

    // Fields that are missing.
    ["a name", without("name"), /^name: it is missing/],
    ["a domain", without("domain"), /^domain: it is missing/],
    ["the platform", without("platform"), /^platform: it is missing/],
    ["a system", without("platform/istio"), /^platform\.istio: it is missing/],
    ["the models", without("models"), /^models: it is missing/],
    [
      "a cluster's cloud",
      without("clusters/aws/cloud"),
      /^clusters\["aws"\]\.cloud: it is missing\. Write "aws", "azure", "gcp"/,
    ],
    [
      "a cloud that is written as undefined",
      set("clusters/aws/cloud", undefined),
      /^clusters\["aws"\]\.cloud: it is missing\. Write "aws", "azure", "gcp"/,
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
  ])("%s", (_title, declared, problem) => expectOneProblem(declared, problem));
});
