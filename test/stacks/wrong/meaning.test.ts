import { describe, it } from "vitest";
import { rollback } from "../../../components/model/rollback.ts";
import { shop } from "../../fixtures/shop.ts";
import { changed, expectOneProblem, renamed, set, type Wrong } from "./changes.ts";

const twoModels = (one: string, other: string) =>
  set("models", { [one]: shop.models.fraud, [other]: shop.models.fraud });

describe("what has the right form and cannot be is one problem with the path that was typed", () => {
  it.each<Wrong>([
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
      "a domain that is a URL",
      set("domain", "https://models.example.com/"),
      /^domain: "https:\/\/models\.example\.com\/" has more than a domain name: .* Write "models\.example\.com"\.$/,
    ],
    ["a domain with a port", set("domain", "models.example.com:8443"), /^domain: .* Write "models\.example\.com"\.$/],
    [
      "a domain with a label of 64",
      set("domain", `${"a".repeat(64)}.example.com`),
      /^domain: .* has 64 characters, and a label may have 63/,
    ],
    [
      "a domain with a capital",
      set("domain", "Models.example.com"),
      /^domain: "Models\.example\.com" is not a domain name .*: in small letters.* Write "models\.example\.com"\.$/,
    ],
    [
      "a domain with a dot at its end",
      set("domain", "models.example.com."),
      /^domain: "models\.example\.com\." is not a domain name .* without a dot at its end\. Write "models\.example\.com"\.$/,
    ],
    ["a domain of version 6", set("domain", "::1"), /^domain: "::1" is an IP address/],
    [
      "a host that is too long",
      set("domain", `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(18)}`),
      /^domain: .* it has 201 characters and may have 200/,
    ],
    [
      "a model's name with a space",
      renamed("models/fraud", "my model"),
      /^models\["my model"\]: "my model" is not a DNS label/,
    ],
    ["a model's name that is empty", renamed("models/fraud", ""), /^models\[""\]: "" is not a DNS label/],
    [
      "a secret's name that is the secret",
      set("clusters/site/kubeconfig/secret", "token: hush"),
      /^clusters\["site"\]\.kubeconfig\.secret: it is not the key/,
    ],
    [
      "a key's name that is empty",
      set("clusters/site/modelStore/s3/credentials/accessKeyId/secret", ""),
      /accessKeyId\.secret: it is not the key of a configuration secret/,
    ],
    [
      "an ingress for everyone by omission",
      set("clusters/aws/ingress", { kind: "public", sourceRanges: [] }),
      /^clusters\["aws"\]\.ingress\.sourceRanges: there is none, and a load balancer without source ranges lets everyone in/,
    ],
    [
      "an ingress from what is no block",
      set("clusters/aws/ingress", { kind: "public", sourceRanges: ["203.0.113.7"] }),
      /^clusters\["aws"\]\.ingress\.sourceRanges\[0\]: "203\.0\.113\.7" is not a block/,
    ],
    [
      "a public ingress without a certificate",
      set("clusters/aws/ingress", { kind: "public", sourceRanges: ["203.0.113.0/24"] }),
      /^clusters\["aws"\]\.ingress: the internet would reach models over plain HTTP/,
    ],
    [
      "a certificate from a Secret that cannot exist",
      set("platform/istio/certificate", { kind: "secret", name: "Own Secret" }),
      /^platform\.istio\.certificate\.name: "Own Secret" cannot be the name of a Secret/,
    ],
    [
      "a namespace with a capital",
      set("platform/modelNamespace", { create: "Models" }),
      /modelNamespace\.create: "Models" is not a DNS label/,
    ],
    [
      "a namespace of 64",
      set("platform/modelNamespace", { create: "m".repeat(64) }),
      /is not a DNS label of at most 63/,
    ],
    [
      "a folder above the store",
      set("models/fraud/repository", { modelStore: "../other" }),
      /modelStore: "\.\.\/other" is not a relative path/,
    ],
    [
      "a region of a partition that is not supported",
      set("clusters/aws/region", "us-gov-west-1"),
      /partition of AWS that is not supported/,
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

    // What would void a verdict.
    [
      "a verdict that is nearly always wrong",
      set("models/fraud/release/confidence", { falseAlarm: "99.9%", miss: "5%" }),
      /^models\.fraud\.release\.confidence\.falseAlarm: "99\.9%" is above 25%\. Write at most "25%"/,
    ],
    [
      "a bad version that nearly always passes",
      set("models/fraud/release/confidence", { falseAlarm: "1%", miss: "26%" }),
      /confidence\.miss: "26%" is above 25%/,
    ],
    [
      "a verdict that is never wrong",
      set("models/fraud/release/confidence", { falseAlarm: "0.0001%", miss: "5%" }),
      /confidence\.falseAlarm: "0\.0001%" is below 0\.001%\. Write at least "0\.001%"/,
    ],
    [
      "an error rate that rounds to nothing",
      set("models/fraud/slo/errorRate", "0.000000001%"),
      /^models\.fraud\.slo\.errorRate: "0\.000000001%" is below 0\.001%/,
    ],
    [
      "an error rate that every version meets",
      set("models/fraud/slo/errorRate", "99.9%"),
      /^models\.fraud\.slo\.errorRate: "99\.9%" is above 25%/,
    ],
    [
      "a latency that the gateway does not wait for",
      set("models/fraud/slo/p99", "5s"),
      /^models\.fraud\.slo\.p99: "5s" is above four fifths of the time the gateway waits \(traffic\.timeout, 5s\), so hardly/,
    ],
    [
      "a latency of three digits, which no proxy measures",
      set("models/fraud/slo/p99", "155ms"),
      /^models\.fraud\.slo\.p99: "155ms" cannot be measured: .* Write "150ms" or "160ms"\./,
    ],
    [
      "a latency of three digits in seconds",
      set("models/fraud/slo/p99", "1.25s"),
      /^models\.fraud\.slo\.p99: "1\.25s" cannot be measured: .* Write "1200ms" or "1300ms"\./,
    ],
    [
      "a latency whose edge Prometheus writes with an exponent",
      set("models/fraud/slo/p99", "20m"),
      /^models\.fraud\.slo\.p99: "20m" is above 15m/,
    ],
    [
      "a timeout without room above the latency",
      set("models/fraud/traffic/timeout", "160ms"),
      /^models\.fraud\.slo\.p99: "150ms" is above four fifths .* \(traffic\.timeout, 160ms\)/,
    ],
    [
      "a tolerance without an end",
      set("models/fraud/slo/predictionScore/tolerance", Number.POSITIVE_INFINITY),
      /predictionScore\.tolerance: it is Infinity, not a number/,
    ],
    [
      "a peak without an end",
      set("models/fraud/traffic/expectedQps/peak", Number.POSITIVE_INFINITY),
      /^models\.fraud\.traffic\.expectedQps\.peak: it is Infinity, not a number/,
    ],
    [
      "a tolerance that rounds to nothing",
      set("models/fraud/slo/predictionScore/tolerance", 1e-9),
      /predictionScore\.tolerance: 1e-9 is below 0\.000001/,
    ],
    [
      "traffic too thin for a verdict",
      set("models/fraud/traffic/expectedQps/trough", 0.01),
      /^models\.fraud\.traffic\.expectedQps\.trough: 0\.01 is below 0\.1/,
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

    [
      "a namespace that is kept for Kubernetes",
      set("platform/modelNamespace", { adopt: "kube-system" }),
      /^platform\.modelNamespace\.adopt: "kube-system" is kept for Kubernetes itself/,
    ],
    [
      "two clusters with the credentials of one",
      set("clusters/site2", shop.clusters.site),
      /^clusters\["site2"\]: its kubeconfig is the secret "siteKubeconfig", as that of cluster "site" is/,
    ],
    [
      "a kubeconfig in the key of an account",
      set("clusters/site/kubeconfig/secret", "awsAccount"),
      /^clusters\["site"\]: its configuration has the key "awsAccount" for something else than cluster "aws" has it for/,
    ],
    [
      "upload addresses in the key of a tenant",
      set("clusters/azure/uploadCidrs", { configuration: "azureTenant" }),
      /^clusters\["azure"\]: its configuration has the key "azureTenant" for something else than the same cluster/,
    ],

    // What cannot fit.
    [
      "more memory than a node without GPUs has",
      set("models/fraud/server/memory", "15GiB"),
      /^models\.fraud\.server\.memory: one pod asks for 1 of CPU and 15GiB, .* have 4 vCPU and 16 GiB/,
    ],
    [
      "more cores than a node without GPUs has",
      set("models/fraud/server/cpu", "3100m"),
      /^models\.fraud\.server\.cpu: one pod asks for 3100m of CPU/,
    ],
    [
      "more pods than nodes without GPUs carry",
      set("models/fraud/replicas", 19),
      /^models\.fraud\.replicas: 19 pods .* the nodes without GPUs of cluster "gcp" have room for 18 .* Write at most 9\.$/,
    ],
    [
      "more models than nodes without GPUs carry",
      set("models", Object.fromEntries(["a", "b", "c"].map((name) => [name, { ...shop.models.fraud, replicas: 7 }]))),
      /^clusters\["gcp"\]: models a, b, c ask for 21 cores and 42 GiB together, but .* have 18 and 86\.4/,
    ],
    [
      "more models than GPUs",
      set(
        "models",
        Object.fromEntries(
          ["a", "b", "c"].map((name) => [name, { ...shop.models.images, replicas: name === "a" ? 3 : 2 }]),
        ),
      ),
      /^clusters\["azure"\]\.gpuPools: models a, b, c ask for 7 GPUs or shares together, .* have 6 at their maximum/,
    ],
    [
      "more pods than GPUs",
      set("models/images/replicas", 100_000),
      /^models\.images\.replicas: 100000 pods and as many of the next version/,
    ],
    [
      "no room for the next version",
      set("models/images/replicas", 5),
      /^models\.images\.replicas: 5 pods .* are 10, but the pools of cluster "azure" have room for 6 .* Write at most 3, or raise max/,
    ],
    [
      "more memory than a node has",
      set("models/images/server/memory", "30GiB"),
      /^models\.images\.server\.memory: one pod asks for 2 of CPU and 30GiB/,
    ],
    [
      "more cores than a node has",
      set("models/images/server/cpu", "8"),
      /^models\.images\.server\.cpu: one pod asks for 8 of CPU/,
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

    // What a release cannot be.
    [
      "too little traffic to decide within a day",
      set("models/fraud/traffic/expectedQps", { trough: 0.1, peak: 1 }),
      /release\.exposure\.duration: insufficient traffic: with .* requests\/s at the trough on cluster ".*" a healthy version takes up to \d+h, and 24h is the longest\. Choose a way out: /,
    ],
    [
      "an exposure that one percent of the traffic exceeds",
      set("models/fraud/release/exposure", { duration: "24h", failedRequests: 1 }),
      /release\.exposure\.failedRequests: a version that fails every request fails about \d+ of them .* and 1 is the most\. One percent fails more than 1\. Put darkLaunch\(\) before/,
    ],
    [
      "a rollback guard over fewer scrapes than an increase needs",
      set("models/fraud/guards", [rollback({ metric: "http_5xx_rate", threshold: "5%", for: "30s" })]),
      /guards\[0\]\.for: "30s" is less than 3 scrapes, which come every 15s, .* Write at least "45s"/,
    ],
    ["no weight", set("models/fraud/release/weights", []), /release\.weights: there is none\. Write rising weights/],
    [
      "a weight above 100",
      set("models/fraud/release/weights", [150]),
      /weights\[0\]: 150 is not a whole number from 1/,
    ],
    [
      "a last weight above 100",
      set("models/fraud/release/weights", [5, 101]),
      /weights\[1\]: 101 is not a whole number from 1 to 100/,
    ],
    [
      "a pause that is no whole number of seconds",
      set("models/fraud/release/bake", "1500ms"),
      /release\.bake: "1500ms" is not a whole number of seconds\. Write, for example, "2s"\./,
    ],

    // What a model cannot ask for.
    [
      "a peak below nothing",
      set("models/fraud/traffic/expectedQps/peak", -1),
      /expectedQps\.peak: -1 is below 0\.1: .* Write at least 0\.1/,
    ],
    [
      "a timeout that Istio does not take",
      set("models/fraud/traffic/timeout", "150.5ms"),
      /traffic\.timeout: "150\.5ms" is not a whole number of milliseconds\. Write, for example, "151ms"\./,
    ],
    [
      "an objective of a part of a millisecond",
      set("models/fraud/slo/p99", "1.5ms"),
      /slo\.p99: "1\.5ms" is not a whole number of milliseconds\. Write, for example, "2ms"\./,
    ],
    [
      "less than a thousandth of a core",
      set("models/fraud/server/cpu", "0.0001"),
      /server\.cpu: "0\.0001" is not an amount of CPU/,
    ],
    [
      "an image of nothing but a digest",
      set("models/fraud/server/image", `@sha256:${"a".repeat(64)}`),
      /server\.image: it is not the name of an image and its digest/,
    ],
    [
      "an image with a scheme",
      set("models/fraud/server/image", `https://nvcr.io/nvidia/tritonserver@sha256:${"a".repeat(64)}`),
      /server\.image: it is not the name of an image/,
    ],
    [
      "an image with a password",
      set("models/fraud/server/image", `ada:hush@nvcr.io/tritonserver@sha256:${"a".repeat(64)}`),
      /server\.image: it is not the name .* credentials belong into a pull secret/,
    ],
    [
      "a prefix above the bucket",
      set("models/fraud/repository", { s3: "s3://models/../other", region: "us-east-1" }),
      /repository\.s3: "s3:\/\/models\/\.\.\/other" is not s3:\/\/bucket\/prefix/,
    ],
    [
      "a prefix that a policy would read as every one",
      set("models/fraud/repository", { s3: "s3://models/*", region: "us-east-1" }),
      /repository\.s3: .* the prefix of plain names/,
    ],
    [
      "a bucket in no region",
      set("models/fraud/repository", { s3: "s3://models/fraud", region: "" }),
      /repository\.region: "" is not a region as AWS writes them/,
    ],

    // What only one mistake brings.
    [
      "a name that is neither the key nor a label",
      set("name", "Shop"),
      /^name: "Shop" is not "shop", the key of the environment/,
    ],
    [
      "a cluster's name that is too long everywhere",
      renamed("clusters/aws", "a".repeat(31)),
      /is not a DNS label of at most 30 characters/,
    ],
    ["a cluster's name with a quote", renamed("clusters/aws", 'a"b'), /^clusters\["a\\"b"\]: "a"b" is not a DNS label/],
    [
      "addresses that are too many, and so overlap those of others",
      set("clusters/aws/cidr", "10.32.0.0/11"),
      /^clusters\["aws"\]\.cidr: "10\.32\.0\.0\/11" is not between \/16/,
    ],

    // Names that are taken.
    [
      "a domain of Kubernetes Services",
      set("domain", "models.svc.cluster.local"),
      /^domain: "models\.svc\.cluster\.local" is of Kubernetes Services/,
    ],
    [
      "a namespace that begins as those of Kubernetes",
      set("platform/modelNamespace", { create: "kube-models" }),
      /modelNamespace\.create: "kube-models" is kept for Kubernetes itself/,
    ],
    [
      "one secret for both keys of a store",
      set("clusters/site/modelStore/s3/credentials/secretAccessKey/secret", "storeKeyId"),
      /secretAccessKey\.secret: it is the secret of modelStore\.s3\.credentials\.accessKeyId, too/,
    ],
    [
      "a kubeconfig that is a store's key",
      set("clusters/site/modelStore/s3/credentials/accessKeyId/secret", "siteKubeconfig"),
      /accessKeyId\.secret: it is the secret of kubeconfig, too/,
    ],
    [
      "a secret under the key of a setting",
      set("clusters/site/kubeconfig/secret", "platform"),
      /kubeconfig\.secret: "platform" is the key of a setting that is not secret/,
    ],

    // What is adopted.
    [
      "a gateway without a port",
      set("platform/istio", { adopt: { gateway: { address: "gateway.example.com", port: "80" } } }),
      /^platform\.istio\.adopt\.gateway\.address: "gateway\.example\.com" is not host:port/,
    ],
    [
      "a port that is a word",
      set("platform/istio", { adopt: { gateway: { address: "gateway:80", port: "http" } } }),
      /gateway\.port: "http" is not a port from 1 to 65535\. Write, for example, "8080"/,
    ],
    [
      "a port beyond the last",
      set("platform/istio", { adopt: { gateway: { address: "gateway:80", port: "65536" } } }),
      /gateway\.port: "65536" is not a port/,
    ],
    [
      "a name where a gateway listens",
      set("platform/istio", { adopt: { gateway: { address: "gateway:80", port: "80", bind: "eth0" } } }),
      /gateway\.bind: "eth0" is not an IP address/,
    ],
    [
      "a gateway that is every pod",
      set("platform/istio", { adopt: { gateway: { address: "gateway:80", port: "80", selector: {} } } }),
      /gateway\.selector: it is empty, so it selects every pod/,
    ],
    [
      "a gateway by what is no label",
      set("platform/istio", { adopt: { gateway: { address: "gateway:80", port: "80", selector: { "a b": "c" } } } }),
      /gateway\.selector\["a b"\]: "a b=c" is not a Kubernetes label/,
    ],
    [
      "a ConfigMap without a name",
      set("platform/prometheus", { adopt: { address: { namespace: "monitoring", configMap: "", key: "url" } } }),
      /^platform\.prometheus\.adopt\.address\.configMap: "" cannot be the name of a ConfigMap/,
    ],
    [
      "a Prometheus that is no URL",
      set("platform/prometheus", { adopt: { address: "prometheus:9090" } }),
      /prometheus\.adopt\.address: "prometheus:9090" is not a URL of http:\/\/ or https:\/\//,
    ],
    [
      "a scrape in a part of a millisecond",
      set("platform/prometheus/scrapeInterval", "1.0005s"),
      /scrapeInterval: "1\.0005s" is not a whole number of milliseconds/,
    ],

    // What a site cannot have.
    [
      "a store at a port beyond the last",
      set("clusters/site/modelStore/s3/endpoint", "https://minio.example.com:99999"),
      /s3\.endpoint: "https:\/\/minio\.example\.com:99999" is not https:\/\/, a host name/,
    ],
    [
      "a store at a host that is none",
      set("clusters/site/modelStore/s3/endpoint", "https://minio..com"),
      /s3\.endpoint: "https:\/\/minio\.\.com" is not https:\/\//,
    ],
    [
      "a bucket with two dots",
      set("clusters/site/modelStore/s3/bucket", "models..old"),
      /s3\.bucket: "models\.\.old" is not the name of a bucket/,
    ],
    [
      "a store in a region without a name",
      set("clusters/site/modelStore/s3/region", ""),
      /s3\.region: "" is not the name of a region/,
    ],
    [
      "a node's host that is none",
      set("clusters/site/settings/ingress", { kind: "nodePort", port: 30080, host: "gpu-.example.com" }),
      /ingress\.host: "gpu-\.example\.com" is not a host name/,
    ],
    [
      "a StorageClass with two dots",
      set("clusters/site/settings/storageClass", "ceph..block"),
      /settings\.storageClass: "ceph\.\.block" cannot be the name of a StorageClass/,
    ],
    [
      "charts at an address with a space",
      set("clusters/site/settings/registryMirror", { charts: "oci://registry example.com" }),
      /registryMirror\.charts: "oci:\/\/registry example\.com" is not a chart repository/,
    ],
    [
      "charts behind a token",
      set("clusters/site/settings/registryMirror", { charts: "https://example.com/charts?token=hush" }),
      /registryMirror\.charts: "https:\/\/example\.com\/charts\?…" is not a chart repository/,
    ],
    [
      "a registry at a port beyond the last",
      set("clusters/site/settings/registryMirror", { images: "registry.example.com:70000" }),
      /registryMirror\.images: "registry\.example\.com:70000" is not a registry/,
    ],
    [
      "a proxy at a port beyond the last",
      set("clusters/site/settings/proxy", { httpProxy: "http://proxy:70000", noProxy: [".svc"] }),
      /proxy\.httpProxy: "http:\/\/proxy:70000" is not http:\/\/ or https:\/\//,
    ],

    // What a cloud does not let in.
    [
      "private addresses at the public endpoint of EKS",
      set("clusters/aws/endpoint", { kind: "public", cidrs: ["10.0.0.0/8"] }),
      /aws"\]\.endpoint\.cidrs\[0\]: "10\.0\.0\.0\/8" has addresses that the internet does not route/,
    ],
    [
      "a block that begins within itself at the endpoint of GKE",
      set("clusters/gcp/endpoint", { kind: "public", cidrs: ["203.0.113.7/24"] }),
      /gcp"\]\.endpoint\.cidrs\[0\]: "203\.0\.113\.7\/24" does not begin .* Write "203\.0\.113\.0\/24"\./,
    ],
    [
      "a block twice at the endpoint of GKE",
      set("clusters/gcp/endpoint", { kind: "public", cidrs: ["203.0.113.0/24", "203.0.113.0/24"] }),
      /gcp"\]\.endpoint\.cidrs\[1\]: "203\.0\.113\.0\/24" is there twice/,
    ],
    [
      "a block twice at the endpoint of AKS",
      set("clusters/azure/endpoint", { kind: "public", cidrs: ["203.0.113.0/24", "203.0.113.0/24"] }),
      /azure"\]\.endpoint\.cidrs\[1\]: "203\.0\.113\.0\/24" is there twice/,
    ],
    [
      "a region that is not that of the zones",
      set("clusters/aws/region", "eu-west-1"),
      /aws"\]\.zones: "us-east-1a", "us-east-1b", "us-east-1c" are no zones of eu-west-1 as AWS writes them/,
    ],
  ])("%s", (_title, declared, problem) => expectOneProblem(declared, problem));
});
