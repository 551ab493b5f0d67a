#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=60 --no-maglev
// The options are explained where a plan's other processes get them: plan/smallProcess.ts.
import { existsSync } from "node:fs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
  console.error(
    `serin needs Node.js 24 or newer, and this is ${process.version}. Install it, or add "node": "24" to devDependencies.`,
  );
  process.exit(4);
}

// An empty HOME would put caches into the working directory; without one, Node asks the system.
if (process.env.HOME === "") delete process.env.HOME;

// A checkout runs its TypeScript as it is; the installed package has JavaScript only.
const source = new URL("../cli/serin.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/cli/serin.js", import.meta.url).href);
