import { expect, it } from "vitest";
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

it("fails when the registry is out of reach, unless the nodes pull from a mirror", () => {
  const away = asked({ kind: "unreachable", detail: "getaddrinfo ENOTFOUND nvcr.io" });
  expect(verdict("registries", away, needs())).toEqual({
    status: "failed",
    found: "getaddrinfo ENOTFOUND nvcr.io",
    needed,
    fix: "Let this machine reach the registry (HTTPS_PROXY names a proxy), declare the site's registryMirror, or write --skip-registries.",
  });
  expect(verdict("registries", away, needs({ registryMirror: "registry.fra.example.com/mirror" }))).toEqual({
    status: "warning",
    found: "getaddrinfo ENOTFOUND nvcr.io",
    needed,
    fix: "The nodes pull from registry.fra.example.com/mirror, which this machine has not asked: make sure the images are there.",
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
