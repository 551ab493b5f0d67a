import { matchesSelector } from "../../engine/kubernetes/labelSelector.ts";
import { count, defineCheck, failed, few, notApplicable, passed, type Verdict, warning } from "../check.ts";
import type { ClusterContents, PodMonitorFacts, PrometheusFacts, Selector } from "../clusterFacts.ts";
import type { ClusterNeeds, MonitoredModel } from "../clusterNeeds.ts";

type Seen = Pick<ClusterContents, "prometheuses" | "podMonitors" | "namespaces">;

/**
 * Each pod of a model is scraped once. A Prometheus that selects monitors by a label, as kube-prometheus-stack does by
 * default, reads none of ours, and no release is ever decided; one that reads a pod's proxy twice counts each request
 * twice, and aborts a healthy release ten times as often.
 */
export const monitors = defineCheck({
  name: "monitors",
  title: "monitors",
  reads: ["prometheuses", "podMonitors", "namespaces"],
  unneeded: ({ systems, models }) =>
    systems.prometheus !== "adopt"
      ? "Prometheus is not adopted"
      : models.length === 0
        ? "there is no model"
        : undefined,
  needed: () => "a Prometheus that reads the models' PodMonitors, and no second one of the same pods",
  compare: (seen, needs) => unread(seen, needs) ?? doubled(seen, needs) ?? passed(reading(seen, needs)),
});

/** No Prometheus of the operator reads the PodMonitor of a model. */
function unread(seen: Seen, needs: ClusterNeeds): Verdict | undefined {
  const { prometheuses } = seen;
  if (prometheuses.length === 0) return notApplicable("no Prometheus of the operator runs here");
  const missing = needs.models.filter((model) => readers(seen, needs, model).length === 0);
  if (missing.length === 0) return undefined;
  const names = prometheuses.map(({ namespace, name }) => `${namespace}/${name}`);
  return failed(
    `Prometheus ${few(names)} reads no PodMonitor of ${few(missing.map(({ name }) => name))}`,
    `Have one read them: podMonitorSelector: {} and podMonitorNamespaceSelector: {} (kube-prometheus-stack: prometheus.prometheusSpec.podMonitorSelectorNilUsesHelmValues: false).`,
  );
}

/** A Prometheus that reads a model's PodMonitor reads another of the same pods' proxies. */
function doubled(seen: Seen, needs: ClusterNeeds): Verdict | undefined {
  const others = seen.podMonitors.filter(
    (monitor) =>
      !isOurs(monitor) &&
      monitor.readsProxies &&
      needs.models.some(
        (model) =>
          selectsPods(monitor, needs, model) &&
          readers(seen, needs, model).some((prometheus) =>
            reads(prometheus, monitor, namespaceLabels(seen, monitor.namespace)),
          ),
      ),
  );
  if (others.length === 0) return undefined;
  return warning(
    `PodMonitor ${few(others.map(({ namespace, name }) => `${namespace}/${name}`))} reads the models' proxies too, so that requests count twice`,
    "Leave the models out of it: a matchExpressions of its selector with key serin.dev/server and operator DoesNotExist.",
  );
}

function reading(seen: Seen, needs: ClusterNeeds): string {
  const names = new Set(
    needs.models.flatMap((model) => readers(seen, needs, model).map(({ namespace, name }) => `${namespace}/${name}`)),
  );
  return `${few([...names])} reads ${count(needs.models.length, "PodMonitor")}`;
}

/** Every Prometheus that reads the PodMonitor of a model. */
function readers(seen: Seen, { modelNamespace }: ClusterNeeds, { monitorLabels }: MonitoredModel): PrometheusFacts[] {
  const ours = { namespace: modelNamespace.name, labels: monitorLabels };
  return seen.prometheuses.filter((prometheus) => reads(prometheus, ours, namespaceLabels(seen, ours.namespace)));
}

/**
 * Without a selector of monitors it reads none; without one of namespaces, those of its own (prometheus-operator,
 * `Documentation/api-reference/api.md`).
 */
function reads(
  { namespace, monitorSelector, namespaceSelector }: PrometheusFacts,
  monitor: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    matches(monitorSelector, monitor.labels) &&
    (namespaceSelector === undefined ? namespace === monitor.namespace : matches(namespaceSelector, labels))
  );
}

function selectsPods(
  monitor: PodMonitorFacts,
  { modelNamespace }: ClusterNeeds,
  { podLabels }: MonitoredModel,
): boolean {
  const { namespaces, namespace } = monitor;
  const inNamespace = namespaces === "any" || (namespaces ?? [namespace]).includes(modelNamespace.name);
  return inNamespace && matches(monitor.selector, podLabels);
}

function isOurs({ labels }: PodMonitorFacts): boolean {
  return labels["app.kubernetes.io/managed-by"] === "serin";
}

function matches(selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean {
  return selector !== undefined && matchesSelector(selector, labels);
}

/** Kubernetes itself gives every namespace its name as a label; one that the platform makes has it too. */
function namespaceLabels({ namespaces }: Seen, name: string): Readonly<Record<string, string>> {
  return { "kubernetes.io/metadata.name": name, ...namespaces.find((namespace) => namespace.name === name)?.labels };
}
