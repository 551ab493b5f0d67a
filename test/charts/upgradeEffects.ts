import type { ChartObject } from "./renderChart.ts";

/** What the next version of a chart does to the objects of the one before, beside changing them in place. */
export interface UpgradeEffects {
  readonly created: readonly ChartObject[];
  readonly removed: readonly ChartObject[];
  /** Objects with a field that Kubernetes does not change: they are deleted and made again. */
  readonly replaced: readonly ChartObject[];
}

/** Fields that can be written once (pulumi-kubernetes `provider/pkg/provider/provider.go`, `forceNewProperties`). */
const writtenOnce: Readonly<Record<string, readonly string[]>> = {
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  StatefulSet: ["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
  Job: ["spec.selector", "spec.template", "spec.completions"],
  ClusterRoleBinding: ["roleRef"],
  RoleBinding: ["roleRef"],
  StorageClass: ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
  Service: ["spec.clusterIP"],
  Secret: ["type"],
};

export function upgradeEffects(before: readonly ChartObject[], after: readonly ChartObject[]): UpgradeEffects {
  const old = new Map(before.map((object) => [identity(object), object]));
  const now = new Set(after.map(identity));
  return {
    created: after.filter((object) => !old.has(identity(object))),
    removed: before.filter((object) => !now.has(identity(object))),
    replaced: after.filter((object) => {
      const was = old.get(identity(object));
      const fields = writtenOnce[object.kind] ?? [];
      return was !== undefined && fields.some((field) => textAt(was, field) !== textAt(object, field));
    }),
  };
}

/** Another version of the same group is the same object. */
function identity({ apiVersion, kind, metadata }: ChartObject): string {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return [group, kind, metadata.namespace ?? "", metadata.name].join("/");
}

function textAt(object: ChartObject, path: string): string | undefined {
  const value = path
    .split(".")
    .reduce<unknown>((at, step) => (typeof at === "object" && at !== null ? (at as never)[step] : undefined), object);
  return JSON.stringify(value);
}
