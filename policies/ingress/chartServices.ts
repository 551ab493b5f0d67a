import { type Known, known } from "../unknown.ts";
import type { Annotations, Balanced } from "./loadBalancer.ts";

/** Charts whose Service is a load balancer where the values say nothing, with the place of its values. */
const balancedByDefault: Readonly<Record<string, string>> = {
  gateway: "service",
  "ingress-nginx": "controller.service",
  traefik: "service",
};

/** Keys of values that decide whether there is a load balancer. Another value that is unknown is left out. */
const deciding = ["type", "serviceType", "service", "spec"];

type Values = Readonly<Record<string, unknown>>;

/**
 * Every load balancer that a chart's values make, wherever they stand: a Service's fields as most charts have them, a
 * whole manifest, or `serviceType` beside other values. Values in files are not seen.
 *
 * Each function returns one, or throws UnknownValueError where a value that decides is unknown.
 */
export function balancedIn(chart: string | undefined, values: unknown): (() => Balanced | undefined)[] {
  const usual = balancedByDefault[(chart ?? "").slice((chart ?? "").lastIndexOf("/") + 1)];
  const byDefault = () => {
    const there = usual === undefined ? undefined : at(values, usual.split("."));
    if (usual === undefined || saysType(there)) return undefined;
    return balanced(`values.${usual}`, isObject(there) ? there : {}, [values]);
  };
  return [byDefault, ...inside("values", values, [])];
}

function* inside(path: string, value: unknown, above: readonly unknown[]): Generator<() => Balanced | undefined> {
  if (!isObject(value) && !Array.isArray(value)) return;
  const entries = Object.keys(value).map((key): [string, Known<unknown>] => [key, known(() => (value as Values)[key])]);
  const isBalanced = entries.some(
    ([key, one]) => (key === "type" || key === "serviceType") && one.known && one.value === "LoadBalancer",
  );
  if (isBalanced && isObject(value)) yield () => balanced(path, value, above);
  for (const [key, one] of entries) {
    if (one.known) {
      yield* inside(Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, one.value, [value, ...above]);
    } else if (deciding.includes(key)) {
      yield () => {
        throw one.error;
      };
    }
  }
}

/** Reads no value before it is asked for, since those that do not matter may be unknown. */
function balanced(path: string, service: Values, above: readonly unknown[]): Balanced {
  const nested = () => (isObject(service.spec) ? service.spec : {});
  return {
    path,
    // Of the Service, of a manifest whose `spec` it is, and of all that a chart makes.
    annotations: [service, above[0], above.at(-1)].flatMap((owner): Annotations[] =>
      isObject(owner)
        ? [
            owner.annotations,
            owner.serviceAnnotations,
            isObject(owner.metadata) ? owner.metadata.annotations : undefined,
          ].filter(isObject)
        : [],
    ),
    spec: {
      type: "LoadBalancer",
      get loadBalancerClass() {
        return textOf(service.loadBalancerClass ?? nested().loadBalancerClass);
      },
      get loadBalancerSourceRanges() {
        const ranges = service.loadBalancerSourceRanges ?? nested().loadBalancerSourceRanges;
        return Array.isArray(ranges) ? (ranges as string[]) : undefined;
      },
      get ports() {
        return Array.isArray(service.ports) ? (service.ports as { port: number }[]) : undefined;
      },
    },
  };
}

/** Whether the values name the Service's type, in the chart's place or in `spec` below it. */
function saysType(service: unknown): boolean {
  if (!isObject(service)) return false;
  return service.type !== undefined || (isObject(service.spec) && service.spec.type !== undefined);
}

function at(values: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return values;
  return isObject(values) ? at(values[key], rest) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
