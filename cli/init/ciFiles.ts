import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The CI systems that files are there for. */
export const ciSystems = ["github", "gitlab", "jenkins"] as const;

/** A CI system. */
export type CiSystem = (typeof ciSystems)[number];

/** What every system starts. */
const scripts = { "ci/plan.sh": "scripts/plan.sh", "ci/preview.sh": "scripts/preview.sh" };

/** By path in the project: the file below `ci/` here. Their names have no dot, which packages may leave out. */
const files: Readonly<Record<CiSystem, Readonly<Record<string, string>>>> = {
  github: {
    ".github/workflows/serin-plan.yml": "github/serin-plan.yml",
    ".github/workflows/serin-comment.yml": "github/serin-comment.yml",
    ".github/workflows/serin-preview.yml": "github/serin-preview.yml",
    ".github/workflows/serin-deploy.yml": "github/serin-deploy.yml",
    ...scripts,
  },
  gitlab: {
    ".gitlab-ci.yml": "gitlab/gitlab-ci.yml",
    "ci/gitlab-jobs.yml": "gitlab/gitlab-jobs.yml",
    ...scripts,
  },
  jenkins: { Jenkinsfile: "jenkins/Jenkinsfile", ...scripts },
};

/**
 * The files of a CI system, by path in the project. They name no environment: `serin stacks` lists what is declared
 * when they run.
 */
export function ciFiles(system: CiSystem): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files[system]).map(([path, source]) => [
      path,
      readFileSync(fileURLToPath(new URL(`./ci/${source}`, import.meta.url)), "utf8"),
    ]),
  );
}
