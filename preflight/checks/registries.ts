import { isMirrored } from "../../components/core/registryMirror.ts";
import { type CheckResult, count, failed, few, notApplicable, passed, type Verdict, warning } from "../check.ts";
import type { ClusterFacts } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";
import type { ImageAccess } from "../imageAccess.ts";

/**
 * The images of the models can be pulled with the given credentials. This machine asks, so the check applies to
 * clusters that it cannot reach, too.
 */
export function registries(facts: ClusterFacts, needs: ClusterNeeds): CheckResult {
  const needed =
    facts.images.length === 0 ? "nothing" : `${count(facts.images.length, "image")} of the models, by digest`;
  return { check: "registries", title: "registries", ...verdict(facts.images, needs), needed };
}

function verdict(images: readonly ImageAccess[], { registryMirror }: ClusterNeeds): Verdict {
  if (images.length === 0) return notApplicable("nothing is pulled");
  const notAsked = images.filter(({ outcome }) => outcome.kind === "notAsked");
  if (notAsked.length > 0) {
    return warning(
      `${few([...new Set(notAsked.map(({ registry }) => registry))])} was not asked`,
      "Make sure that the nodes can pull the images: --skip-registries was given.",
    );
  }
  const denied = images.filter(({ outcome }) => outcome.kind === "denied");
  if (denied.length > 0) {
    return failed(
      few(denied.map(detailOf)),
      denied.some(({ as }) => as === "credentials")
        ? "Renew the credentials for this registry (docker login), and give the same ones to the nodes."
        : "Give credentials for it: --registry-credentials <config.json>, and the same ones to the nodes.",
    );
  }
  const missing = images.filter(({ outcome }) => outcome.kind === "missing");
  if (missing.length > 0) {
    return failed(
      few(missing.map(({ image, registry }) => `${registry} does not have ${short(image)}`)),
      missing.some(({ image }) => isMirrored(registryMirror, image))
        ? "Copy the image into the mirror under this name, or correct registryMirror."
        : "Write a digest that exists, or push the image.",
    );
  }
  const away = images.filter(({ outcome }) => outcome.kind === "unreachable");
  if (away.length === 0) {
    const asked = [
      ...new Set(images.map(({ registry, as }) => `${registry} (${as === "anonymous" ? as : "with credentials"})`)),
    ];
    return passed(few(asked));
  }
  if (away.every(({ image }) => isMirrored(registryMirror, image))) {
    return warning(
      few(away.map(detailOf)),
      "The nodes pull from this mirror, and this machine has no answer from it: make sure that the images are there.",
    );
  }
  return failed(
    few(away.map(detailOf)),
    "Let this machine reach the registry (HTTPS_PROXY names a proxy), declare the cluster's registryMirror, or write --skip-registries.",
  );
}

function detailOf({ registry, outcome }: ImageAccess): string {
  if (!("detail" in outcome)) return registry;
  return outcome.detail.includes(registry) ? outcome.detail : `${registry}: ${outcome.detail}`;
}

function short(image: string): string {
  return image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}
