import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // By default one core is left idle, which on two cores is half of them.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{lint,examples,engine,plan,preflight,rehearsal,embedded,cli,types}/**/*.test.ts"],
          pool: "forks",
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // Nothing here has a state of its own, so the SDKs of the clouds are loaded once a worker and not once a file.
          name: "declared",
          include: ["test/{components,stacks,policies,docs}/**/*.test.ts"],
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
          name: "package",
          include: ["test/package/**/*.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
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
    ],
  },
});
