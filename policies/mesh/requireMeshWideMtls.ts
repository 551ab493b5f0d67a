import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { ofType } from "../rule.ts";
import { independently, known } from "../unknown.ts";
import { isMeshWide, type PeerAuthentication } from "./peerAuthentication.ts";

const istioComponent = "serin:platform:Istio";
/**
 * An Istio component with a chart below it installs a mesh; one without adopts it. Stack rules see no inputs of
 * components.
 */
const chart = /^kubernetes:helm\.sh\/[^:/]+:(?:Chart|Release)$/;
const peerAuthentication = /^kubernetes:security\.istio\.io\/[^:/]+:PeerAuthentication$/;

/** A stack that installs Istio also makes mutual TLS mandatory in the whole mesh: Istio's own default is PERMISSIVE. */
export const requireMeshWideMtls: StackValidationPolicy = {
  name: "mesh-require-mesh-wide-mtls",
  displayName: "Every mesh we install is strict as a whole",
  description:
    "A stack that installs Istio also writes the mesh-wide PeerAuthentication with mode STRICT, once for each cluster. " +
    "An adopted mesh is its owner's: what it enforces is not in the stack.",
  severity: "critical",
  remediationSteps:
    'Add a PeerAuthentication in namespace istio-system, without a selector, with `mtls: { mode: "STRICT" }`, through the cluster\'s provider.',
  url: "https://istio.io/latest/docs/tasks/security/authentication/mtls-migration/#lock-down-mutual-tls-for-the-entire-mesh",
  validateStack: ofType(istioComponent, ({ resources, notApplicable }, reportViolation) => {
    const meshes = resources
      .filter(({ type }) => type === istioComponent)
      .filter((mesh) => resources.some((resource) => chart.test(resource.type) && isBelow(resource, mesh)));
    if (meshes.length === 0) return notApplicable("this stack installs no mesh");

    const written = resources.filter(({ type }) => peerAuthentication.test(type));
    independently(
      meshes.flatMap((mesh) =>
        clustersOf(mesh, resources).map((cluster) => () => {
          const there = written.filter(({ provider }) => cluster === undefined || provider?.urn === cluster);
          const answers = there.map(({ props }) => known(() => isStrictForTheMesh(props)));
          if (answers.some((answer) => answer.known && answer.value)) return;
          for (const answer of answers) if (!answer.known) throw answer.error;
          reportViolation(
            `${mesh.name}: nothing mesh-wide says STRICT, so every workload accepts plain text. ` +
              "Add a PeerAuthentication with mode STRICT to namespace istio-system.",
            mesh.urn,
          );
        }),
      ),
    );
  }),
};

function isStrictForTheMesh(authentication: Partial<PeerAuthentication>): boolean {
  return isMeshWide(authentication) && authentication.spec?.mtls?.mode === "STRICT";
}

/** The clusters of a mesh: one for each provider below its component. Undefined stands for the only one. */
function clustersOf(mesh: PolicyResource, resources: readonly PolicyResource[]): readonly (string | undefined)[] {
  const clusters = new Set<string>();
  for (const resource of resources) {
    const { type, provider } = resource;
    if (provider !== undefined && type.startsWith("kubernetes:") && isBelow(resource, mesh)) clusters.add(provider.urn);
  }
  return clusters.size === 0 ? [undefined] : [...clusters];
}

function isBelow(resource: PolicyResource, ancestor: PolicyResource): boolean {
  for (let parent = resource.parent; parent !== undefined; parent = parent.parent) {
    if (parent.urn === ancestor.urn) return true;
  }
  return false;
}
