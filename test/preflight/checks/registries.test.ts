import { describe, expect, it } from "vitest";
import type { ImageAccess } from "../../../preflight/imageAccess.ts";
import { facts, needs, verdict } from "../cluster.ts";

const image = `nvcr.io/nvidia/tritonserver@sha256:${"5".repeat(64)}`;
const asked = (outcome: ImageAccess["outcome"], as: ImageAccess["as"] = "anonymous") => ({
  ...facts(),
  images: [{ image, registry: "nvcr.io", as, outcome }],
});
const needed = "1 image of the models, by digest";

it("passes when every image is there", () => {
  expect(verdict("registries", asked({ kind: "there" }), needs())).toEqual({
    status: "passed",
    found: "nvcr.io (anonymous)",
    needed,
  });
});

it("fails when credentials are missing or wrong", () => {
  const denied = { kind: "denied", detail: "nvcr.io answers 401" } as const;
  expect(verdict("registries", asked(denied), needs())).toEqual({
    status: "failed",
    found: "nvcr.io answers 401",
    needed,
    fix: "Give credentials for it: --registry-credentials <config.json>, and the same ones to the nodes.",
  });
  expect(verdict("registries", asked(denied, "credentials"), needs()).fix).toBe(
    "Renew the credentials for this registry (docker login), and give the same ones to the nodes.",
  );
});

it("fails when the digest is not there", () => {
  expect(verdict("registries", asked({ kind: "missing" }), needs())).toEqual({
    status: "failed",
    found: "nvcr.io does not have nvcr.io/nvidia/tritonserver@sha256:555555555555…",
    needed,
    fix: "Write a digest that exists, or push the image.",
  });
});

it("fails when the registry is out of reach", () => {
  const away = asked({ kind: "unreachable", detail: "getaddrinfo ENOTFOUND nvcr.io" });
  const verdictOfIt = {
    status: "failed",
    found: "getaddrinfo ENOTFOUND nvcr.io",
    needed,
    fix: "Let this machine reach the registry (HTTPS_PROXY names a proxy), declare the cluster's registryMirror, or write --skip-registries.",
  };
  expect(verdict("registries", away, needs())).toEqual(verdictOfIt);
  const ofAnother = needs({ registryMirror: { images: { "docker.io": "cache.example.com/hub" } } });
  expect(verdict("registries", away, ofAnother)).toEqual(verdictOfIt);
});

describe("a mirror that the nodes pull from", () => {
  const mirrored = needs({ registryMirror: { images: "registry.fra.example.com/mirror" } });
  const answered = (outcome: ImageAccess["outcome"]) => ({
    ...facts(),
    images: [
      {
        image: `registry.fra.example.com/mirror/nvidia/tritonserver@sha256:${"5".repeat(64)}`,
        registry: "registry.fra.example.com",
        as: "anonymous" as const,
        outcome,
      },
    ],
  });

  it("may be out of this machine's reach", () => {
    const detail = "getaddrinfo ENOTFOUND registry.fra.example.com";
    expect(verdict("registries", answered({ kind: "unreachable", detail }), mirrored)).toEqual({
      status: "warning",
      found: detail,
      needed,
      fix: "The nodes pull from this mirror, and this machine has no answer from it: make sure that the images are there.",
    });
  });

  it("must have the images under the path that they have upstream", () => {
    expect(verdict("registries", answered({ kind: "missing" }), mirrored)).toMatchObject({
      status: "failed",
      found:
        "registry.fra.example.com does not have registry.fra.example.com/mirror/nvidia/tritonserver@sha256:555555555555…",
      fix: "Copy the image into the mirror under this name, or correct registryMirror.",
    });
  });
});

it("warns when no registry was to be asked", () => {
  expect(verdict("registries", asked({ kind: "notAsked" }), needs())).toEqual({
    status: "warning",
    found: "nvcr.io was not asked",
    needed,
    fix: "Make sure that the nodes can pull the images: --skip-registries was given.",
  });
});
