import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Tests that start processes: the command, the examples, the package, plans in several processes, a CLI of Pulumi. */
const processTests = [
  "test/cli/clustersApart.test.ts",
  "test/engine/pulumi/pulumiEngine.test.ts",
  "test/command/**/*.test.ts",
  "test/plan/{planWorkers,secrets}.test.ts",
  "test/plan/policies/policyServer.test.ts",
];

const quickTests = globSync(
  "test/{lint,charts,engine,plan,preflight,diagnosis,rehearsal,embedded,cli,types,components,stacks,policies,docs}/**/*.test.ts",
  { cwd: import.meta.dirname, exclude: processTests },
);

/** What a test file does that the next one in the same process would see, or that replaces modules already loaded. */
const changesItsProcess =
  /\bvi\.(mock|doMock|hoisted|stub\w+|spyOn|useFakeTimers|setSystemTime|resetModules)\b|\bprocess\.(env|chdir|exitCode|std\w+|on|once|emit)\b|\bglobalThis\b|\bsetMocks\b/;
const unitTests = quickTests.filter((file) =>
  changesItsProcess.test(readFileSync(join(import.meta.dirname, file), "utf8")),
);

// What is tested is the text, whatever colours the terminal or a CI asks for; the runner has read its own colours by now.
process.env.NO_COLOR = "1";
delete process.env.FORCE_COLOR;

export default defineConfig({
  test: {
    // Some tests wait more than they compute, so three share two cores well.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      {
        test: {
          name: "unit",
          include: unitTests,
          pool: "forks",
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // Files that change nothing of their process share it, with the SDKs of the clouds loaded once.
          name: "declared",
          include: quickTests.filter((file) => !unitTests.includes(file)),
          pool: "forks",
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // What the declared environments consist of. A fork has lists of its own: `npm run accept` writes them.
          name: "environments",
          include: ["test/environments/**/*.test.ts"],
          pool: "forks",
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "command",
          include: processTests,
          pool: "forks",
          testTimeout: 120_000,
        },
      },
      {
        test: {
          // The conformance suite with the real engine: `npm run test:engine` looks for it first.
          name: "engine",
          include: ["test/engine-run/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 3_600_000,
        },
      },
      {
        test: {
          name: "embedded",
          include: ["test/embedded-run/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 3_600_000,
        },
      },
      {
        test: {
          // Rehearsals from their start to their end, one after another: half an hour, so CI leaves them out.
          name: "rehearsals",
          include: ["test/rehearsal-run/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 3_600_000,
        },
      },
    ],
  },
});
