import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// `npm pack` runs this: JavaScript and types into dist/, since Node strips no types below node_modules.
const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
const compiler = join(root, "node_modules/typescript7/bin/tsc");
const { status } = spawnSync(process.execPath, [compiler, "--project", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

// Files that are read and not imported.
for (const room of ["cli/init/ci", "embedded", "plan", "policies", "stacks/schema"]) {
  for (const name of readdirSync(join(root, room), { recursive: true, encoding: "utf8" })) {
    const file = join(room, name);
    if (/\.ts$|__pycache__/.test(name) || !statSync(join(root, file)).isFile()) continue;
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    cpSync(join(root, file), join(dist, file));
  }
}

// The pack's entry is JavaScript already, and names the module that it loads.
const entry = join(dist, "policies", "main.js");
writeFileSync(entry, readFileSync(entry, "utf8").replace("./index.ts", "./index.js"));
