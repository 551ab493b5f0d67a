import { PolicyPack } from "@pulumi/policy";
import { stackNameParts } from "../components/core/stackName.ts";
import { preset } from "./preset.ts";
import { policies } from "./registry.ts";

// The engine puts the name of the stack into the environment of the pack's process; `pulumi policy analyze` has none.
const stack = process.env.PULUMI_NODEJS_STACK;

new PolicyPack(
  "serin",
  { displayName: "Serin", policies: [...policies], enforcementLevel: "mandatory" },
  preset(stack === undefined ? undefined : stackNameParts(stack)?.environment, policies),
);
