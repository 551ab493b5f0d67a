import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { goBuild, goFiles } from "../../../embedded/toolchain/goModule.ts";
import { context, program, temporaryFolder } from "./fixtures.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

interface FakeGo {
  readonly goMod?: object;
  readonly version?: string;
  readonly toolchain?: string;
  /** How many builds fail before one succeeds. */
  readonly failures?: number;
}

/** A `go` that knows one module and writes down what it is asked and in which settings. */
function fakeGo({
  goMod = { Go: "1.24.0", Require: null, Replace: null },
  version = "go1.26.1",
  toolchain = "local",
  failures = 0,
}: FakeGo = {}): () => string {
  const module = temporaryFolder();
  writeFileSync(join(module, "go.mod"), "module example.org/widget\n");
  writeFileSync(join(module, "go.sum"), "");
  writeFileSync(join(module, "crd.yaml"), "kind: CustomResourceDefinition\n");
  const bin = temporaryFolder();
  const log = join(bin, "log");
  program(
    bin,
    "go",
    `echo "$@ | $GOFLAGS $GOMODCACHE" >> ${log}
case "$1 $2" in
"mod download") echo '{"Dir": "${module}"}' ;;
"mod edit") [ "$3" != -json ] || echo '${JSON.stringify(goMod)}' ;;
"env GOVERSION") printf '${version}\\n${toolchain}\\n' ;;
build*)
  echo "built with: $(cat crd.yaml)" >> ${log}
  echo example.org/widget >&2
  [ "$(grep -c '^build ' ${log})" -gt ${failures} ] || { echo connection reset by peer >&2; exit 1; } ;;
esac`,
  );
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
  return () => readFileSync(log, "utf8");
}

const build = { module: "example.org/widget", version: "v1.2.3", programs: { widget: "./cmd/widget" }, scratchMiB: 1 };

describe("a program built from its Go module", () => {
  it("is built beside the module, with its own caches and the person's Go settings", async () => {
    const log = fakeGo();
    vi.stubEnv("GOFLAGS", "-p=1");
    const goCaches = temporaryFolder();
    const progress = vi.fn();
    await goBuild({ ...build, set: { "main.version": "1.2.3" } }).fetch("/out", context({ goCaches, progress }));
    expect(log()).toContain("mod download -json example.org/widget@v1.2.3");
    expect(log()).toMatch(/build .*-ldflags -s -w -X main\.version=1\.2\.3 -o \/out\/widget \.\/cmd\/widget/);
    expect(log()).toContain(`| -p=1 -modcacherw ${goCaches}`);
    expect(progress).toHaveBeenLastCalledWith("packages compiled: 1");
  });

  it("takes the modules of the same repository as published, since their directories are not in the module", async () => {
    const log = fakeGo({
      goMod: {
        Require: [
          { Path: "example.org/api", Version: "v0.0.0" },
          { Path: "example.org/client", Version: "v1.2.3" },
          { Path: "example.org/kept", Version: "v0.0.0" },
        ],
        Replace: [
          { Old: { Path: "example.org/client" }, New: { Path: "../client" } },
          { Old: { Path: "example.org/kept" }, New: { Path: "example.org/fork", Version: "v2.0.0" } },
        ],
      },
    });
    await goBuild({ ...build, siblings: "v0.35.4" }).fetch("/out", context());
    expect(log()).toContain(
      "mod edit -dropreplace=example.org/client -replace=example.org/api=example.org/api@v0.35.4 ",
    );
    expect(log()).not.toContain("example.org/kept");
  });

  it("is built from a copy when files of it are to have other content", async () => {
    const log = fakeGo();
    await goBuild({ ...build, rewrite: { "crd.yaml": "kind: Rewritten" } }).fetch("/out", context());
    expect(log()).toContain("built with: kind: Rewritten");
    await goBuild(build).fetch("/out", context());
    expect(log()).toContain("built with: kind: CustomResourceDefinition");
  });

  it("gets files that are made for it, and the build tags for them", async () => {
    const log = fakeGo();
    const prepare = async (module: string) => {
      writeFileSync(join(module, "crd.yaml"), "kind: Made");
      return ["page", "other"];
    };
    await goBuild({ ...build, prepare }).fetch("/out", context());
    expect(log()).toContain("built with: kind: Made");
    expect(log()).toMatch(/build .*-tags=page,other /);
    await goBuild({ ...build, prepare: async () => [] }).fetch("/out", context());
    expect(
      log()
        .split("\n")
        .findLast((line) => line.startsWith("build")),
    ).not.toContain("-tags");
  });

  it("names the Go version it needs when the one on PATH is older and may not fetch another", async () => {
    fakeGo({ version: "go1.22.4" });
    await expect(goBuild(build).fetch("/out", context())).rejects.toThrow(
      "it needs Go 1.24.0 or newer; go on PATH is 1.22.4 (GOTOOLCHAIN=local)",
    );
    fakeGo({ version: "go1.22.4", toolchain: "auto" });
    await goBuild(build).fetch("/out", context());
  });

  it("is tried once more when the network fails it, and what fails twice is reported", async () => {
    const log = fakeGo({ failures: 1 });
    await goBuild(build).fetch("/out", context());
    expect(log().match(/build .*\/out\/widget/g)).toHaveLength(2);
    fakeGo({ failures: 2 });
    await expect(goBuild(build).fetch("/out", context())).rejects.toThrow("connection reset by peer");
  });

  it("says when there is no Go", async () => {
    vi.stubEnv("PATH", temporaryFolder());
    await expect(goBuild(build).fetch("/out", context())).rejects.toThrow("go is not on PATH");
  });
});

describe("files of a Go module", () => {
  it("are copied as they are", async () => {
    fakeGo();
    const directory = temporaryFolder();
    await goFiles("example.org/widget", "v1.2.3", { "widget.yaml": "crd.yaml" }).fetch(directory, context());
    expect(readFileSync(join(directory, "widget.yaml"), "utf8")).toBe("kind: CustomResourceDefinition\n");
  });
});
