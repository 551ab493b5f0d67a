import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { commandOutput } from "./runCommand.ts";
import { type FetchContext, messageOf } from "./tool.ts";

/**
 * Builds Prometheus' page, whose sources are in the module and whose compiled form is in releases alone, and adds it to
 * the module as `scripts/compress_assets.sh` there does. Returns the build tags for it: none if it cannot be built,
 * because Prometheus does its work without a page. Needs npm.
 */
export async function prometheusPage(module: string, context: FetchContext): Promise<readonly string[]> {
  const ui = join(module, "web/ui");
  const npm = (...args: string[]) => run("npm", args, ui, context);
  try {
    context.progress("its page: packages of npm");
    await npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
    for (const workspace of ["lezer-promql", "codemirror-promql"]) {
      context.progress(`its page: ${workspace}`);
      await npm("run", "build", "--workspace", `@prometheus-io/${workspace}`);
    }
    context.progress("its page");
    // Its own build checks the types before.
    await npm("exec", "--workspace", "@prometheus-io/mantine-ui", "--", "vite", "build");
    await compress(join(ui, "mantine-ui/dist"), join(ui, "static/mantine-ui"));
  } catch (error) {
    context.signal.throwIfAborted();
    context.progress(`without its page: ${messageOf(error)}`);
    return [];
  }
  const tag = "builtinassets";
  const lines = [
    `//go:build ${tag}`,
    "",
    "package ui",
    "",
    'import "embed"',
    "",
    "//go:embed static",
    "var EmbedFS embed.FS",
  ];
  await writeFile(join(ui, "embed.go"), `${lines.join("\n")}\n`);
  return [tag];
}

async function compress(from: string, to: string): Promise<void> {
  const files = (await readdir(from, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  if (files.length === 0) throw new Error("its build made no files");
  for (const { parentPath, name } of files) {
    const file = join(parentPath, name);
    const target = `${join(to, file.slice(from.length))}.gz`;
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await promisify(gzip)(await readFile(file)));
  }
}

function run(file: string, args: readonly string[], cwd: string, { signal }: FetchContext): Promise<string> {
  return commandOutput(file, args, { cwd, signal });
}
