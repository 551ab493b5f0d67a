import type { ResourceValidationPolicy } from "@pulumi/policy";
import { everyContainer, everyPod } from "../podTemplate.ts";
import { everyItem, independently } from "../unknown.ts";

/** Istio's gateway injection replaces this image by the proxy of the mesh's own version. */
const injectedImage = "auto";
const injectionAnnotation = "inject.istio.io/templates";

const unpinned = "has no digest: a push to the tag changes what runs, and a rollback may not bring back what ran.";
const fix = "Write <repository>@sha256:<digest>.";

/** Images are pinned by digest, so that the same declaration runs the same image, today and after a rollback. */
export const requireDigest: ResourceValidationPolicy = {
  name: "image-require-digest",
  displayName: "Images are pinned by digest",
  description: "Every image a pod runs or mounts names its content by a sha256 digest.",
  severity: "high",
  remediationSteps:
    "Look up the digest of the tag you tested (`docker buildx imagetools inspect <image>`) and write `<repository>@sha256:<digest>`.",
  url: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
  validateResource: (args, report) =>
    chartOfTheirs.test(args.urn)
      ? args.notApplicable("images of a pinned chart of the platform are chosen by the chart's version")
      : checkImages(args, report),
};

/**
 * Objects that the chart of a platform component renders. The chart's version is pinned and names its images by tags,
 * which only the chart's publisher can move. A mirror with immutable tags excludes that too.
 */
const chartOfTheirs = /\bserin:platform:\w+\$kubernetes:helm\.sh\/v4:Chart\$/;

const checkImages = everyPod((pod, report, { isPatch }) => {
  const checkImage = (path: string, image: string) => {
    if (!isPinned(image)) report({ path, reason: `"${image}" ${unpinned}`, fix });
  };
  independently([
    () =>
      everyContainer(pod, ({ name, image }, path) => {
        if (image === injectedImage && pod.hasAnnotation(injectionAnnotation)) return;
        if (image !== undefined) checkImage(`${path}.image`, image);
        else if (!isPatch) report({ path, reason: `container "${name}" has no image.`, fix });
      }),
    () =>
      everyItem(pod.spec.volumes, ({ image }, index) => {
        const reference = image?.reference;
        if (reference !== undefined) checkImage(`${pod.path}.volumes[${index}].image.reference`, reference);
      }),
  ]);
});

function isPinned(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image);
}
