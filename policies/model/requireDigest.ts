import type { ResourceValidationPolicy } from "@pulumi/policy";
import { kindsOf, type Partially, resourceRule } from "../rule.ts";
import { everyItem } from "../unknown.ts";

/** The label of the pods that run Triton. */
const serverLabel = "serin.dev/server";
/** The init container that compares the files of a version with the declared digest, which is one of its arguments. */
const check = "artifact-check";

interface Rollout {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly initContainers: readonly { readonly name: string; readonly args: readonly string[] }[];
      };
    };
  };
}

/** Models say by a digest which files their version has, so that a write to the model store changes no version. */
export const requireDigest: ResourceValidationPolicy = {
  name: "model-require-digest",
  displayName: "Versions of models are pinned by digest",
  description: "Every model declares the digest of its version's files, and its pods start with no others.",
  severity: "medium",
  remediationSteps:
    "Run `npx serin model digest <folder of the version>` and write the `artifact` that it prints beside `version`.",
  url: "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_repository.html",
  validateResource: resourceRule<Rollout>(kindsOf("argoproj.io", ["Rollout"]), ({ spec }, report, { isPatch }) => {
    const template = spec?.template;
    if (template?.metadata?.labels?.[serverLabel] !== "triton") return;
    const pod = template.spec;
    if (isPatch && pod?.initContainers === undefined) return;
    if (isChecked(pod?.initContainers)) return;
    report({
      path: "spec.template.spec.initContainers",
      reason:
        "nothing compares the files of the version with a digest: whoever writes to the model store changes what runs.",
      fix: "Declare the model's artifact: npx serin model digest <folder of the version>.",
    });
  }),
};

function isChecked(containers: Partially<Rollout["spec"]["template"]["spec"]["initContainers"]> | undefined): boolean {
  let found = false;
  everyItem(containers, ({ name, args }) => {
    if (name !== check) return;
    everyItem(args, (word) => {
      found ||= /^sha256:[0-9a-f]{64}$/.test(word ?? "");
    });
  });
  return found;
}
