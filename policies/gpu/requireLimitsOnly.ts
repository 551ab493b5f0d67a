import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Container, everyContainer, everyPod } from "../podTemplate.ts";
import { everyItem, independently } from "../unknown.ts";

/** Extended resources that stand for a GPU or a part of one. */
const gpuResource = /^(?:nvidia\.com\/(?:gpu(?:\.shared)?|mig-.+)|amd\.com\/gpu.*|gpu\.intel\.com\/.+)$/;

/** With this variable the NVIDIA runtime gives GPUs to a container that requested none from the scheduler. */
const visibleDevices = "NVIDIA_VISIBLE_DEVICES";
const noDevices = ["", "none", "void"];

/**
 * GPUs are whole numbers in `resources.limits`, so that the scheduler counts each of them once. Kubernetes refuses
 * requests that differ from limits for an extended resource.
 */
export const requireLimitsOnly: ResourceValidationPolicy = {
  name: "gpu-require-limits-only",
  displayName: "GPUs are asked for in limits only",
  description: "A container asks for GPUs as a whole number in resources.limits, and nowhere else.",
  severity: "high",
  remediationSteps: 'Write `resources: { limits: { "nvidia.com/gpu": 1 } }` and leave GPUs out of requests and env.',
  url: "https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/",
  validateResource: everyPod((pod, report) =>
    everyContainer(pod, (container, path) => {
      independently([
        () => {
          for (const name of gpusIn(container.resources?.requests)) {
            report({
              path: `${path}.resources.requests["${name}"]`,
              reason: "Kubernetes takes the request of a GPU from its limit and refuses any other.",
              fix: "Write it in limits only.",
            });
          }
        },
        () => {
          const limits = container.resources?.limits;
          everyItem(gpusIn(limits), (name) => {
            const count = limits?.[name];
            if (!/^\d+$/.test(String(count))) {
              report({
                path: `${path}.resources.limits["${name}"]`,
                reason: `"${count}" is not a whole number, and a GPU cannot be split this way.`,
                fix: "Write 1, 2, …, or ask for a MIG slice by its own name.",
              });
            }
          });
        },
        () =>
          everyItem(container.env, ({ name, value, valueFrom }, index) => {
            if (name !== visibleDevices || (valueFrom === undefined && noDevices.includes(value ?? ""))) return;
            if (gpusIn(container.resources?.limits).length > 0) return;
            report({
              path: `${path}.env[${index}]`,
              reason: `${visibleDevices} gives the container GPUs that the scheduler has not counted, so another pod gets them too.`,
              fix: 'Remove it and write resources.limits["nvidia.com/gpu"].',
            });
          }),
      ]);
    }),
  ),
};

function gpusIn(resources: NonNullable<Container["resources"]>["limits"]): string[] {
  return Object.keys(resources ?? {}).filter((name) => gpuResource.test(name));
}
