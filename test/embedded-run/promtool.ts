import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { download } from "../../embedded/toolchain/download.ts";
import { goBuild } from "../../embedded/toolchain/goModule.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import type { Tool } from "../../embedded/toolchain/tool.ts";

const releases = "https://github.com/prometheus/prometheus/releases/download/v3.5.0";

/** Prometheus' own tool, of the version that the embedded environment runs. Only tests use it. */
const promtool: Tool = {
  name: "promtool",
  version: "3.5.0",
  purpose: "tests of queries and rules",
  files: ["promtool"],
  onPath: { versionArgs: ["--version"], range: ">=3.5.0 <4.0.0" },
  sizeMiB: 65,
  seconds: 160,
  fix: "Put promtool 3.5 or newer on PATH, or install Go 1.23 or newer.",
  sources: [
    download(
      "release of prometheus/prometheus v3.5.0",
      [
        {
          url: `${releases}/prometheus-3.5.0.linux-amd64.tar.gz`,
          sha256: { listedAt: `${releases}/sha256sums.txt` },
          members: { promtool: "prometheus-3.5.0.linux-amd64/promtool" },
        },
      ],
      400,
    ),
    goBuild({
      module: "github.com/prometheus/prometheus",
      version: "v0.305.0",
      programs: { promtool: "./cmd/promtool" },
      rewrite: {
        "plugins/plugins.go": 'package plugins\n\nimport _ "github.com/prometheus/prometheus/discovery/kubernetes"\n',
      },
      set: { "github.com/prometheus/common/version.Version": "3.5.0" },
      scratchMiB: 3000,
    }),
  ],
};

/** The path of promtool, fetched or built where it is not there yet. */
export async function promtoolPath(): Promise<string> {
  const installed = await installTools([promtool], {
    cache: cacheDirectory(),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return installed.get(promtool.name)?.files.get("promtool") ?? "promtool";
}
