import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { coerce, gte } from "semver";
import { commandOutput } from "./runCommand.ts";
import type { FetchContext, Source } from "./tool.ts";

/** How a published Go module becomes programs. */
export interface GoBuild {
  readonly module: string;
  readonly version: string;
  /** Package directories in the module by the program each becomes. */
  readonly programs: Readonly<Record<string, string>>;
  /** `-X` settings of the linker: what the program says its version is. */
  readonly set?: Readonly<Record<string, string>>;
  /** The version of the modules that share the repository and are required as v0.0.0: Kubernetes' staging modules. */
  readonly siblings?: string;
  /**
   * Go files of the module to be built with other content, by path: how a project lets a program be built without parts
   * of it.
   */
  readonly rewrite?: Readonly<Record<string, string>>;
  /** Disk for its modules and compiled packages, MiB. */
  readonly scratchMiB: number;
}

/** Builds programs from a module, with the user's own Go settings (proxy, private modules, toolchain) in force. */
export function goBuild(build: GoBuild): Source {
  return {
    name: `Go module ${build.module} ${build.version}`,
    kind: "build",
    scratchMiB: build.scratchMiB,
    async fetch(directory, context) {
      const published = await downloadModule(build.module, build.version, context);
      const source = await rewriteFiles(published, build.rewrite, context);
      const modFile = await prepareModFile(source, build, context);
      const settings = Object.entries(build.set ?? {}).map(([name, value]) => `-X ${name}=${value}`);
      let compiled = 0;
      for (const [program, path] of Object.entries(build.programs)) {
        await goPersistently(
          [
            ...["build", "-v", "-mod=mod", `-modfile=${modFile}`, "-trimpath", "-buildvcs=false"],
            // Nobody debugs these: without debug information the same program takes 8 % less compiling and 21 % less
            // disk.
            "-gcflags=all=-dwarf=false",
            ...["-ldflags", ["-s", "-w", ...settings].join(" "), "-o", join(directory, program), path],
          ],
          context,
          source,
          (line) => {
            if (line.startsWith("go: downloading")) context.progress(line.slice("go: ".length));
            else context.progress(`packages compiled: ${++compiled}`);
          },
        );
      }
    },
  };
}

/** Takes files as they are out of a published module. */
export function goFiles(module: string, version: string, files: Readonly<Record<string, string>>): Source {
  return {
    name: `Go module ${module} ${version}`,
    kind: "build",
    scratchMiB: 100,
    async fetch(directory, context) {
      const source = await downloadModule(module, version, context);
      for (const [file, path] of Object.entries(files)) {
        // Read and written, not copied: the module cache is read-only and a copy would be too.
        await writeFile(join(directory, file), await readFile(join(source, path)));
      }
    },
  };
}

/** Downloads one module, verified by Go's checksum database, and gives its directory. */
async function downloadModule(module: string, version: string, context: FetchContext): Promise<string> {
  context.progress(`downloading ${module} ${version}`);
  const output = await goPersistently(["mod", "download", "-json", `${module}@${version}`], context, context.scratch);
  const { Dir, Error: reason } = JSON.parse(output) as { Dir?: string; Error?: string };
  if (Dir === undefined) throw new Error(reason ?? `go mod download gave no directory for ${module}`);
  return Dir;
}

/** The module itself, or a copy with other content in some files: Go forbids overlays on its module cache. */
async function rewriteFiles(source: string, rewrite: GoBuild["rewrite"], { scratch }: FetchContext): Promise<string> {
  if (rewrite === undefined) return source;
  const copy = join(scratch, "module");
  await cp(source, copy, { recursive: true });
  for (const [path, content] of Object.entries(rewrite)) await writeFile(join(copy, path), content);
  return copy;
}

/** A `go.mod` and `go.sum` of our own beside the read-only module, usable without its repository around it. */
async function prepareModFile(source: string, build: GoBuild, context: FetchContext): Promise<string> {
  const modFile = join(context.scratch, "build.mod");
  await writeFile(modFile, await readFile(join(source, "go.mod")));
  await writeFile(join(context.scratch, "build.sum"), await readFile(join(source, "go.sum")));
  const description = JSON.parse(await go(["mod", "edit", "-json", modFile], context, context.scratch)) as GoMod;
  await checkGoVersion(description.Go, context);
  const edits = siblingEdits(description, build.siblings);
  if (edits.length > 0) await go(["mod", "edit", ...edits, modFile], context, context.scratch);
  return modFile;
}

/** What `go mod edit -json` prints: an empty block is null. */
interface GoMod {
  readonly Go?: string;
  readonly Require: readonly { readonly Path: string; readonly Version: string }[] | null;
  readonly Replace:
    | readonly { readonly Old: { readonly Path: string }; readonly New: { readonly Version?: string } }[]
    | null;
}

/**
 * The module's own `replace` block stays, except where it points at directories of its repository: a published module
 * does not contain those, and the versions it requires instead are published too.
 */
function siblingEdits({ Require, Replace }: GoMod, siblings: string | undefined): string[] {
  const directories = (Replace ?? []).filter(({ New }) => New.Version === undefined).map(({ Old }) => Old.Path);
  const replaced = new Set((Replace ?? []).filter(({ New }) => New.Version !== undefined).map(({ Old }) => Old.Path));
  const unversioned = (Require ?? [])
    .filter(({ Path, Version }) => Version === "v0.0.0" && !replaced.has(Path))
    .map(({ Path }) => Path);
  if (unversioned.length > 0 && siblings === undefined) {
    throw new Error(`its go.mod has no version of ${unversioned.join(", ")}`);
  }
  return [
    ...directories.map((path) => `-dropreplace=${path}`),
    ...unversioned.map((path) => `-replace=${path}=${path}@${siblings}`),
  ];
}

/** Go since 1.21 fetches a newer toolchain by itself unless told not to; then it must be new enough already. */
async function checkGoVersion(needed: string | undefined, context: FetchContext): Promise<void> {
  const [version = "", toolchain = ""] = (
    await go(["env", "GOVERSION", "GOTOOLCHAIN"], context, context.scratch)
  ).split("\n");
  const present = coerce(version);
  const least = coerce(needed);
  if (present === null || least === null || gte(present, least) || /auto|path/.test(toolchain)) return;
  throw new Error(`it needs Go ${least.version} or newer; go on PATH is ${present.version} (GOTOOLCHAIN=${toolchain})`);
}

/** `go` with a second try: most failures are of the network, and what was downloaded and compiled is kept. */
async function goPersistently(...call: Parameters<typeof go>): Promise<string> {
  return go(...call).catch(async () => {
    const [, { signal, progress }] = call;
    signal.throwIfAborted();
    progress("trying once more");
    return go(...call);
  });
}

function go(
  args: readonly string[],
  context: FetchContext,
  cwd: string,
  onLine?: (line: string) => void,
): Promise<string> {
  return commandOutput("go", args, {
    cwd,
    signal: context.signal,
    ...(onLine === undefined ? {} : { onLine }),
    env: {
      CGO_ENABLED: "0",
      GOWORK: "off",
      GOMODCACHE: join(context.goCaches, "modules"),
      GOCACHE: join(context.goCaches, "compiled"),
      GOTMPDIR: context.scratch,
      // Writable, so that it can be removed like anything else.
      GOFLAGS: [process.env.GOFLAGS ?? "", "-modcacherw"].join(" ").trim(),
    },
  });
}
