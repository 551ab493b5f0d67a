import { join } from "node:path";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { download } from "../../embedded/toolchain/download.ts";
import { goBuild } from "../../embedded/toolchain/goModule.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import type { Tool } from "../../embedded/toolchain/tool.ts";
import { argoRollouts } from "../../embedded/toolchain/tools.ts";

const program = "kubectl-argo-rollouts";
const releases = "https://github.com/argoproj/argo-rollouts/releases/download/v1.9.1";

/** The plugin with one of its commands. The others, a dashboard and notifications, are most of what it compiles. */
const main = `package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/argoproj/argo-rollouts/pkg/kubectl-argo-rollouts/cmd/lint"
	"github.com/argoproj/argo-rollouts/pkg/kubectl-argo-rollouts/options"
)

func main() {
	streams := genericclioptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	command := &cobra.Command{Use: "${program}"}
	command.AddCommand(lint.NewCmdLint(options.NewArgoRolloutsOptions(streams)))
	if command.Execute() != nil {
		os.Exit(1)
	}
}
`;

const plugin: Tool = {
  name: "argo-rollouts-lint",
  version: argoRollouts.version,
  purpose: "the check of releases that Argo Rollouts has for people",
  files: [program],
  sizeMiB: 60,
  seconds: 240,
  fix: "Make a release of argoproj/argo-rollouts reachable, or install Go 1.25 or newer.",
  sources: [
    download(
      `release of argoproj/argo-rollouts v${argoRollouts.version}`,
      [
        {
          url: `${releases}/${program}-linux-amd64`,
          sha256: { listedAt: `${releases}/argo-rollouts-checksums.txt` },
        },
      ],
      100,
    ),
    goBuild({
      module: "github.com/argoproj/argo-rollouts",
      version: `v${argoRollouts.version}`,
      programs: { [program]: `./cmd/${program}` },
      rewrite: { [join("cmd", program, "main.go")]: main },
      scratchMiB: 2500,
    }),
  ],
};

/** The path of the program whose command `lint` checks Rollouts, with the objects that they refer to. */
export async function rolloutsLint(): Promise<string> {
  const installed = await installTools([plugin], {
    cache: cacheDirectory(),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return installed.get(plugin.name)?.files.get(program) ?? program;
}
