import { layers } from "../../components/core/stackName.ts";
import { shown } from "../../plan/shownValues.ts";
import program from "../../stacks/index.ts";
import { recordEnvironment } from "../recordEnvironment.ts";

/** All stacks of an environment, as a plan records them; secrets are configuration by its full key. */
export function record(environment: string, secrets: Readonly<Record<string, string>> = {}) {
  const config = () => ({ config: secrets, secretKeys: Object.keys(secrets) });
  return recordEnvironment(environment, layers, { project: "serin", program, config });
}

/** Every Kubernetes object of an environment, as it would be written, by `Kind namespace/name`. */
export async function manifests(environment: string): Promise<Record<string, Record<string, unknown>>> {
  const resources = (await record(environment)).flatMap((stack) => stack.resources);
  return Object.fromEntries(
    resources
      .filter(({ type, custom }) => custom && type.startsWith("kubernetes:") && !type.includes("helm.sh"))
      .map(({ props, type }) => {
        const object = shown(props) as { metadata?: { namespace?: string; name?: string } };
        const { namespace, name } = object.metadata ?? {};
        return [`${type.split(":").at(-1)} ${[namespace, name].filter(Boolean).join("/")}`, object];
      }),
  );
}
