import type { Environment } from "../../stacks/environments/environment.ts";

/** Mermaid draws 500 edges at most; above this number of models on clusters, each cluster has one box for all. */
const mostModels = 100;

/** Clusters, models and what talks to what, as a flowchart of Mermaid. Every model runs on every cluster. */
export function planMermaid({ name, clusters, platform, models, domain }: Environment): string {
  const places = Object.entries(clusters);
  const versions = Object.entries(models);
  const together = places.length * versions.length > mostModels;
  const boxes = together
    ? [{ label: versions.map(([model, { version }]) => `${model} ${version}`).join(", "), host: `*.${domain}` }]
    : versions.map(([model, { version }]) => ({ label: `${model} ${version}`, host: `${model}.${domain}` }));
  const has = (system: string) => Object.hasOwn(platform, system);
  return [
    "flowchart LR",
    `  callers(["callers of ${text(name)}"])`,
    ...places.flatMap(([cluster, spec], index) => {
      const id = `c${index}`;
      const region = "region" in spec ? ` ${spec.region}` : "";
      return [
        `  subgraph ${id}["${text(`${cluster} (${spec.cloud}${region})`)}"]`,
        `    ${id}_gateway["ingress gateway"]`,
        `    ${id}_store[("model store")]`,
        ...boxes.map(({ label }, model) => `    ${id}_m${model}["${text(label)}"]`),
        ...(has("prometheus") ? [`    ${id}_prometheus["Prometheus"]`] : []),
        ...(has("argoRollouts") ? [`    ${id}_rollouts["Argo Rollouts"]`] : []),
        "  end",
        `  callers -->|"${text(boxes.map(({ host }) => host).join(", "))}"| ${id}_gateway`,
        ...boxes.flatMap((_, model) => [
          `  ${id}_gateway --> ${id}_m${model}`,
          `  ${id}_m${model} -->|"reads"| ${id}_store`,
          ...(has("prometheus") ? [`  ${id}_prometheus -->|"scrapes"| ${id}_m${model}`] : []),
        ]),
        ...(has("argoRollouts")
          ? [
              ...(has("prometheus") ? [`  ${id}_rollouts -->|"asks"| ${id}_prometheus`] : []),
              `  ${id}_rollouts -->|"sets the weights of"| ${id}_gateway`,
            ]
          : []),
      ];
    }),
    "",
  ].join("\n");
}

/** Text between quotes, where Mermaid reads marks as HTML and `#…;` as an entity. */
function text(value: string): string {
  return value.replace(/["#<>&`\\\n]/g, (mark) => (mark === "\n" ? " " : `#${mark.codePointAt(0)};`));
}
