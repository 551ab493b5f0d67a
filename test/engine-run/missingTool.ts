import { execa } from "execa";

/** Why the real engine cannot run with the programs of a search path. Undefined: it can. @param path `PATH` */
export async function missingTool(path = process.env.PATH ?? ""): Promise<string | undefined> {
  const opts = { reject: false, env: { PATH: path } } as const;
  const version = await execa("pulumi", ["version"], opts);
  if (version.exitCode !== 0) return "the Pulumi CLI is not on PATH";
  // The provider knows no such option, and says so with exit code 2: that it starts is what counts.
  const onPath = await execa("pulumi-resource-kubernetes", ["--version"], opts);
  if (onPath.exitCode !== undefined) return undefined;
  const { stdout } = await execa("pulumi", ["plugin", "ls", "--json"], opts);
  const installed = /"name":\s*"kubernetes"/.test(stdout);
  return installed ? undefined : "the Kubernetes provider is not installed (pulumi plugin install resource kubernetes)";
}
