import { PolicyPack } from "@pulumi/policy";
import { stackNameParts } from "../components/core/stackName.ts";
import { declaredExemptions } from "./declaredExemptions.ts";
import { exempting } from "./exempting.ts";
import { preset } from "./preset.ts";
import { policies } from "./registry.ts";

// The engine puts the name of the stack into the environment of the pack's process; `pulumi policy analyze` has none.
const stack = process.env.PULUMI_NODEJS_STACK;
const environment = stack === undefined ? undefined : stackNameParts(stack)?.environment;

/** Not awaited at the top: the engine `require`s the pack, which no module that waits can be. */
async function serve(): Promise<void> {
  const exemptions = environment === undefined ? [] : await declaredExemptions(environment);
  new PolicyPack(
    "serin",
    { displayName: "Serin", policies: policies.map(exempting), enforcementLevel: "mandatory" },
    preset(environment, policies, exemptions),
  );
}

serve().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
