import type { Driver, Sharing } from "./gpuPool.ts";
import type { Cloud } from "./machines/machine.ts";

/**
 * Labels by which the GPU Operator's operands know what to do on the nodes of a pool. Whoever makes the nodes sets them: our
 * clusters do, and on-prem their owner does. On Google Cloud there are none, because GKE's own device plugin serves its nodes.
 *
 * `nvidia.com/device-plugin.config` names the sharing to apply, `nvidia.com/mig.config` the slices to cut; `nvidia.com/gpu.deploy.*`
 * keeps an operand off nodes whose image or cloud has done its work. The operator leaves a label alone that it finds set
 * (NVIDIA/gpu-operator `controllers/state_manager.go`, `addGPUStateLabels`).
 */
export function deviceLabels(
  cloud: Cloud | "onPrem",
  { sharing, driver }: { readonly sharing: Sharing; readonly driver: Driver },
): Readonly<Record<string, string>> {
  if (cloud === "gcp") return {};
  return { ...driverLabels(driver), ...sharingLabels(cloud, sharing, driver) };
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

function sharingLabels(cloud: "aws" | "azure" | "onPrem", sharing: Sharing, driver: Driver): Record<string, string> {
  switch (sharing.kind) {
    case "exclusive":
      return {};
    case "mig":
      // AKS cuts the slices of a pool whose driver is its own, and MIG manager's default would undo that.
      return cloud === "azure" && driver.owner === "cloud"
        ? { "nvidia.com/gpu.deploy.mig-manager": "false" }
        : { "nvidia.com/mig.config": `all-${sharing.profile}` };
    case "timeSlicing":
    case "mps":
      return { "nvidia.com/device-plugin.config": sharingConfigName(sharing) };
  }
}

/** What the device plugin's configuration of a sharing is called: `time-slicing-4`, `mps-8`. Equal sharing, equal name. */
export function sharingConfigName(sharing: Extract<Sharing, { kind: "timeSlicing" | "mps" }>): string {
  return sharing.kind === "mps" ? `mps-${sharing.clients}` : `time-slicing-${sharing.replicas}`;
}
