import type { GpuNodeRules } from "./cloudRules.ts";
import type { Driver, Sharing } from "./gpuPool.ts";

/**
 * The labels by which the GPU Operator's operands know what to do on the nodes of a pool. Our clusters set them;
 * on-prem the owner of the nodes does. There are none where the cloud's own device plugin serves the nodes.
 *
 * `nvidia.com/device-plugin.config` names the sharing to apply, `nvidia.com/mig.config` the slices to cut;
 * `nvidia.com/gpu.deploy.*` keeps an operand off nodes whose image or cloud has done its work. The operator leaves a
 * label alone that it finds set (NVIDIA/gpu-operator `controllers/state_manager.go`, `addGPUStateLabels`).
 */
export function deviceLabels(
  rules: Pick<GpuNodeRules, "operatorLabels" | "cutsMigSlices">,
  { sharing, driver }: { readonly sharing: Sharing; readonly driver: Driver },
): Readonly<Record<string, string>> {
  if (!rules.operatorLabels) return {};
  return { ...driverLabels(driver), ...sharingLabels(rules, sharing, driver) };
}

function driverLabels(driver: Driver): Record<string, string> {
  switch (driver.owner) {
    case "operator":
      return {};
    case "preinstalled":
      return { "nvidia.com/gpu.deploy.driver": "false" };
    case "cloud":
      return { "nvidia.com/gpu.deploy.driver": "false", "nvidia.com/gpu.deploy.container-toolkit": "false" };
  }
}

function sharingLabels(
  { cutsMigSlices }: Pick<GpuNodeRules, "cutsMigSlices">,
  sharing: Sharing,
  driver: Driver,
): Record<string, string> {
  switch (sharing.kind) {
    case "exclusive":
      return {};
    case "mig":
      return cutsMigSlices(driver)
        ? { "nvidia.com/gpu.deploy.mig-manager": "false" }
        : { "nvidia.com/mig.config": `all-${sharing.profile}` };
    case "timeSlicing":
    case "mps":
      return { "nvidia.com/device-plugin.config": sharingConfigName(sharing) };
  }
}

/**
 * What the device plugin's configuration of a sharing is called: `time-slicing-4`, `mps-8`. Equal sharing, equal name.
 */
export function sharingConfigName(sharing: Extract<Sharing, { kind: "timeSlicing" | "mps" }>): string {
  return sharing.kind === "mps" ? `mps-${sharing.clients}` : `time-slicing-${sharing.replicas}`;
}
