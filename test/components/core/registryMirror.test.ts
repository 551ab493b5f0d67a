import { describe, expect, it } from "vitest";
import { mirroredImage, mirrorProblems } from "../../../components/core/registryMirror.ts";

const digest = `sha256:${"5".repeat(64)}`;

describe("an image as nodes pull it", () => {
  const oneAddress = { images: "registry.fra.example.com:5000/mirror" };

  it.each([
    ["nvcr.io/nvidia/tritonserver", "registry.fra.example.com:5000/mirror/nvidia/tritonserver"],
    ["localhost:5000/team/triton", "registry.fra.example.com:5000/mirror/team/triton"],
    ["istio/pilot", "registry.fra.example.com:5000/mirror/istio/pilot"],
    ["busybox", "registry.fra.example.com:5000/mirror/library/busybox"],
    ["registry.fra.example.com:5000/mirror/team/triton", "registry.fra.example.com:5000/mirror/team/triton"],
  ])("%s is %s at a mirror with one address", (image, mirrored) => {
    expect(mirroredImage(oneAddress, `${image}@${digest}`)).toBe(`${mirrored}@${digest}`);
  });

  it("comes from its own registry where nothing mirrors that", () => {
    const image = `nvcr.io/nvidia/tritonserver@${digest}`;
    expect(mirroredImage(undefined, image)).toBe(image);
    expect(mirroredImage({ charts: "oci://registry.example.com/charts" }, image)).toBe(image);
    expect(mirroredImage({ images: { "docker.io": "cache.example.com/hub" } }, image)).toBe(image);
    const images = { "nvcr.io": "harbor.example.com/ngc" };
    expect(mirroredImage({ images }, image)).toBe(`harbor.example.com/ngc/nvidia/tritonserver@${digest}`);
  });
});

it("a mirror by registry names hosts, and an address for each", () => {
  expect(mirrorProblems({ registryMirror: { images: { "docker.io": "cache.example.com/hub" } } })).toEqual([]);
  const images = { "https://docker.io": "cache.example.com", "quay.io": "oci://me:planted@cache.example.com" };
  const problems = mirrorProblems({ registryMirror: { images } });
  expect(problems.map(({ path }) => path)).toEqual([
    'registryMirror.images["https://docker.io"]',
    'registryMirror.images["quay.io"]',
  ]);
  expect(JSON.stringify(problems)).not.toContain("planted");
});
