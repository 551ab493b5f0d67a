import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ciFiles } from "../../cli/init/ciFiles.ts";

/*
 * `npm run lint:ci`: actionlint and zizmor on the workflows that `serin init --ci github` writes. Both are installed
 * into a folder of their own first, where their registries can be asked (Go, Python); else it ends with 4.
 */
const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
const zizmor = "zizmor==1.32.0";

const folder = mkdtempSync(join(tmpdir(), "serin-lint-ci-"));
process.exitCode = lint();
rmSync(folder, { recursive: true, force: true });

function lint(): number {
  const bin = join(folder, "bin");
  const installed =
    ran("go", ["install", actionlint], { GOBIN: bin }) &&
    ran("python3", ["-m", "venv", join(folder, "python")]) &&
    ran(join(folder, "python/bin/pip"), ["install", "--quiet", zizmor]);
  if (!installed) {
    console.error(`${actionlint} and ${zizmor} cannot be had here: they need Go, Python and their registries.`);
    return 4;
  }
  const project = join(folder, "project");
  const files = ciFiles("github");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  }
  const workflows = Object.keys(files).filter((name) => name.endsWith(".yml"));
  const clean = [
    ran(join(bin, "actionlint"), workflows, {}, project),
    ran(join(folder, "python/bin/zizmor"), ["--offline", "--persona", "auditor", "."], {}, project),
  ];
  return clean.every(Boolean) ? 0 : 1;
}

function ran(command: string, args: readonly string[], variables: Record<string, string> = {}, cwd = folder): boolean {
  const env = { ...process.env, ...variables };
  return spawnSync(command, args, { cwd, stdio: "inherit", env }).status === 0;
}
