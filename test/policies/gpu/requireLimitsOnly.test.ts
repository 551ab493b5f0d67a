import { requireLimitsOnly } from "../../../policies/gpu/requireLimitsOnly.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

const container = "spec.template.spec.containers[0]";
const resources = `${container}.resources`;
const gpuLimit = `${resources}.limits["nvidia.com/gpu"]`;
const visibleDevices = [{ name: "NVIDIA_VISIBLE_DEVICES", value: "all" }];

specifyResourcePolicy(requireLimitsOnly, {
  type: "kubernetes:argoproj.io/v1alpha1:Rollout",
  compliant: {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: "triton",
              env: [{ name: "LOG_LEVEL", value: "info" }],
              resources: { limits: { "nvidia.com/gpu": 1, memory: "16Gi" }, requests: { memory: "16Gi" } },
            },
          ],
        },
      },
    },
  },
  rejects: [
    {
      when: "a GPU in requests",
      change: { [`${resources}.requests["nvidia.com/gpu"]`]: 1 },
      message:
        /^spec\.template\.spec\.containers\[0\]\.resources\.requests\["nvidia\.com\/gpu"\]: .*Write it in limits only/,
    },
    {
      when: "a GPU in requests alone",
      change: { [gpuLimit]: undefined, [`${resources}.requests["nvidia.com/gpu"]`]: 1 },
      message: "limits only",
    },
    {
      when: "a MIG slice in requests",
      change: { [`${resources}.requests["nvidia.com/mig-1g.5gb"]`]: 1 },
      message: "limits only",
    },
    { when: "half a GPU", change: { [gpuLimit]: "500m" }, message: '"500m" is not a whole number' },
    { when: "a decimal number of GPUs", change: { [gpuLimit]: 0.5 }, message: '"0.5" is not a whole number' },
    {
      when: "GPUs taken by an environment variable",
      change: { [gpuLimit]: undefined, [`${container}.env`]: visibleDevices },
      message: /env\[0\]: NVIDIA_VISIBLE_DEVICES/,
    },
    {
      when: "GPUs taken by an environment variable from elsewhere",
      change: { [gpuLimit]: undefined, [`${container}.env`]: [{ name: "NVIDIA_VISIBLE_DEVICES", valueFrom: {} }] },
      message: "NVIDIA_VISIBLE_DEVICES",
    },
    {
      when: "a GPU in the requests of a Deployment",
      type: "kubernetes:apps/v1:Deployment",
      change: { [`${resources}.requests["nvidia.com/gpu"]`]: 1 },
      message: "limits only",
    },
  ],
  accepts: [
    { when: "a pod without GPUs", change: { [resources]: undefined } },
    { when: "a number written as text", change: { [gpuLimit]: "2" } },
    { when: "the variable beside a limit", change: { [`${container}.env`]: visibleDevices } },
    {
      when: "the variable that takes no GPU",
      change: { [gpuLimit]: undefined, [`${container}.env`]: [{ name: "NVIDIA_VISIBLE_DEVICES", value: "none" }] },
    },
  ],
  unknowns: [
    { change: { [gpuLimit]: unknown }, path: "resources.limits.nvidia.com/gpu" },
    { change: { [`${resources}.requests`]: unknown }, path: "containers.0.resources.requests" },
    { change: { [container]: unknown }, path: "spec.template.spec.containers.0" },
  ],
});
