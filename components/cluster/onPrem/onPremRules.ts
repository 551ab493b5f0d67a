import type { GpuNodeRules } from "../cloudRules.ts";

/** GPU nodes of a cluster that exists already: its owner made and labelled them, and NVIDIA's own tools serve them. */
export const onPremRules = {
  cloud: "onPrem",
  service: "an on-prem cluster",
  operatorLabels: true,
  virtualMachines: false,
  spotTaints: [],
  cutsMigSlices: () => false,
  hasMigProfile: () => true,
} as const satisfies GpuNodeRules;
