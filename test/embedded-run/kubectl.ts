import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { download } from "../../embedded/toolchain/download.ts";
import { goBuild } from "../../embedded/toolchain/goModule.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import type { Tool } from "../../embedded/toolchain/tool.ts";

const url = "https://dl.k8s.io/release/v1.35.4/bin/linux/amd64/kubectl";

/** kubectl of the version of the embedded control plane. Only tests use it. */
const kubectl: Tool = {
  name: "kubectl",
  version: "1.35.4",
  purpose: "tests of what the node agent answers",
  files: ["kubectl"],
  onPath: { versionArgs: ["version", "--client"], range: ">=1.34.0 <1.37.0" },
  sizeMiB: 60,
  seconds: 200,
  fix: "Put kubectl 1.34 to 1.36 on PATH, or install Go 1.25 or newer.",
  sources: [
    download("release v1.35.4 of kubectl", [{ url, sha256: { listedAt: `${url}.sha256` } }], 100),
    goBuild({
      module: "k8s.io/kubernetes",
      version: "v1.35.4",
      siblings: "v0.35.4",
      programs: { kubectl: "./cmd/kubectl" },
      set: { "k8s.io/component-base/version.gitVersion": "v1.35.4" },
      scratchMiB: 2500,
    }),
  ],
};

/** The path of kubectl, fetched or built where it is not there yet. */
export async function kubectlPath(): Promise<string> {
  const installed = await installTools([kubectl], {
    cache: cacheDirectory(),
    signal: new AbortController().signal,
    onProgress: ({ state, how, detail }) => console.error(`kubectl: ${state} ${how ?? ""} ${detail ?? ""}`),
  });
  return installed.get(kubectl.name)?.files.get("kubectl") ?? "kubectl";
}
