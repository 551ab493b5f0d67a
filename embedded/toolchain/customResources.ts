import { basename } from "node:path";
import { download } from "./download.ts";
import { goFiles } from "./goModule.ts";
import type { Tool } from "./tool.ts";

/**
 * The CustomResourceDefinitions of one project. The SHA-256 hashes are those of the files in the Go module, which Go's
 * checksum database has verified.
 */
interface Definitions {
  readonly name: string;
  readonly version: string;
  readonly module: string;
  /** The GitHub repository with the same files, `owner/name`. */
  readonly repository: string;
  readonly tag: string;
  readonly directory: string;
  readonly files: Readonly<Record<string, string>>;
}

function definitions({ name, version, module, repository, tag, directory, files }: Definitions): Tool {
  const names = Object.keys(files);
  return {
    name: `crds-${name}`,
    version,
    purpose: "the CustomResourceDefinitions",
    files: names,
    sizeMiB: 6,
    seconds: 5,
    fix: `Make ${names.map((file) => `${directory}/${file}`).join(", ")} of github.com/${repository} ${tag} reachable, or install Go 1.24 or newer.`,
    sources: [
      download(
        `repository ${repository} ${tag}`,
        Object.entries(files).map(([file, sha256]) => ({
          url: `https://raw.githubusercontent.com/${repository}/${tag}/${directory}/${file}`,
          sha256,
        })),
        10,
      ),
      goFiles(module, `v${version}`, Object.fromEntries(names.map((file) => [basename(file), `${directory}/${file}`]))),
    ],
  };
}

/** The CustomResourceDefinitions of Argo Rollouts, of the same version as its controller. */
export const argoRolloutsDefinitions = definitions({
  name: "argo-rollouts",
  version: "1.9.1",
  module: "github.com/argoproj/argo-rollouts",
  repository: "argoproj/argo-rollouts",
  tag: "v1.9.1",
  directory: "manifests/crds",
  files: {
    "analysis-run-crd.yaml": "eb1052e728aeb5e46eb1c1202958585eb48edc5ba25b406b7b41c1049009477d",
    "analysis-template-crd.yaml": "96a871705477bb8876f91630789ce753c8291f0ff5457a8cbc781ff150522369",
    "cluster-analysis-template-crd.yaml": "265283fa1dbf10a6b37c3b1e0ece97fa7fe561ca66da8521ca4b194297b31882",
    "experiment-crd.yaml": "419f87b0f6b1b3bfaf0020d71e2b3fe269e232a344e175d123dadceaa17de7ab",
    "rollout-crd.yaml": "d79c0dab9bb386b1c9329fb69cf0d843fff2152b3f7916839755c1aabc7387f5",
  },
});

/** The CustomResourceDefinitions of Istio, of the same version as istiod. Istio's API has a repository of its own. */
export const istioDefinitions = definitions({
  name: "istio",
  version: "1.31.1",
  module: "istio.io/api",
  repository: "istio/api",
  tag: "1.31.1",
  directory: "kubernetes",
  files: {
    "customresourcedefinitions.gen.yaml": "c0ad59e008658765412badb836e73a523a355e3d792a32ad3c0711a728be5aff",
  },
});

/**
 * The CustomResourceDefinitions of the Prometheus Operator, of which models declare PodMonitors. The
 * embedded environment runs no operator and installs only the definitions that work without one.
 */
export const prometheusOperatorDefinitions = definitions({
  name: "prometheus-operator",
  version: "0.85.0",
  module: "github.com/prometheus-operator/prometheus-operator",
  repository: "prometheus-operator/prometheus-operator",
  tag: "v0.85.0",
  directory: "example/prometheus-operator-crd",
  files: {
    "monitoring.coreos.com_alertmanagerconfigs.yaml":
      "7e34fd1f9abf3a2756eb53895f1ca6b291ce3cac929152c9e3919d8d7fb85ccf",
    "monitoring.coreos.com_alertmanagers.yaml": "5a7bdf7900fd58053f3403abc9daaa301a90cd8dd1bbdf1362788704a87d04a4",
    "monitoring.coreos.com_podmonitors.yaml": "8ce88c52c51209993511cae093089c9525f5552def88119e3f559123ee9d454b",
    "monitoring.coreos.com_probes.yaml": "97e6e59020feb71055628ac40b14f817662bb98ca720f19a45e85ac009081cc8",
    "monitoring.coreos.com_prometheusagents.yaml": "931e7775e4859838075908b57c3ec90de57083acf7d7a8dcc8e644f7cb865113",
    "monitoring.coreos.com_prometheuses.yaml": "fac555882d18023e1fb5c318ecab8f6bbcc158c9fed6abef7800da84049cd221",
    "monitoring.coreos.com_prometheusrules.yaml": "98fd16c9ab79fba8dcd6ef62c957c98cd6546ab74ce0a4ecf09ddf2fda03020e",
    "monitoring.coreos.com_scrapeconfigs.yaml": "0764d343c780a2d19738aefc301ebb7a3d2f56283952bb3614b8ab1f1f4175ce",
    "monitoring.coreos.com_servicemonitors.yaml": "1dae27b7189b5ce7b9ab764656c18b4c75a45cde1e6f3af6a5e84c4317628919",
    "monitoring.coreos.com_thanosrulers.yaml": "2f5a7e920bd8244e5fe96c35a1fed66a26ae104ec503a50e32a866df49913c58",
  },
});
