import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Exemption } from "../components/core/exemption.ts";

/**
 * The exemptions that an environment declares. Its project is the nearest one above `folder`, where the pack is
 * installed, or the one that `SERIN_PROJECT` names. Without a project there are none, so every policy holds.
 *
 * @throws what the project's files throw while they load: the program cannot load them either.
 */
export async function declaredExemptions(
  environment: string,
  folder = process.env.SERIN_PROJECT ?? process.cwd(),
): Promise<readonly Exemption[]> {
  const project = projectAbove(folder);
  if (project === undefined) return [];
  const { environments } = await import(pathToFileURL(join(project, environmentsFile)).href);
  const declared = Object.hasOwn(environments ?? {}, environment) ? environments[environment] : undefined;
  return declared?.exemptions ?? [];
}

const environmentsFile = join("stacks", "environments", "index.ts");

function projectAbove(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml")) && existsSync(join(folder, environmentsFile))) return folder;
  return dirname(folder) === folder ? undefined : projectAbove(dirname(folder));
}
