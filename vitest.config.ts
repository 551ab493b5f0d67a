import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // By default one core is left idle, which on two cores is half of them.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/embedded-run/**"],
          pool: "forks",
          testTimeout: 30_000,
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
