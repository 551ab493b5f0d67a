import { describe, expect, it } from "vitest";
import { parseDockerConfig } from "../../../engine/registry/dockerConfig.ts";
import { parseImage } from "../../../engine/registry/imageReference.ts";

const parse = (config: unknown) => parseDockerConfig("--registry-credentials", JSON.stringify(config));
const auth = (text: string) => Buffer.from(text).toString("base64");

describe("the credentials in a config.json", () => {
  it("are by registry, encoded or in the open, with any colon in the password", () => {
    const config = {
      auths: {
        "nvcr.io": { auth: auth("$oauthtoken:nvapi:x") },
        "https://index.docker.io/v1/": { auth: auth("me:pass") },
        "registry.example.com:5000": { username: "robot", password: "p" },
      },
    };
    expect(Object.fromEntries(parse(config))).toEqual({
      "nvcr.io": { username: "$oauthtoken", password: "nvapi:x" },
      "registry-1.docker.io": { username: "me", password: "pass" },
      "registry.example.com:5000": { username: "robot", password: "p" },
    });
  });

  it("are refused without saying what is in the file", () => {
    expect(() => parseDockerConfig("--registry-credentials", "hunter2")).toThrow(
      "The registry credentials cannot be used:\n  - --registry-credentials: it has no auths. Write them as docker login does: config.json, or the .dockerconfigjson of a Secret.",
    );
    expect(() => parse({ auths: { "nvcr.io": { auth: auth("hunter2") } } })).toThrow(
      "--registry-credentials: it has no username and password for nvcr.io.",
    );
    expect(() => parse({ auths: { "nvcr.io": {} } })).toThrow("it has no username and password for nvcr.io.");
  });
});

describe("an image by digest", () => {
  const digest = `sha256:${"a".repeat(64)}`;

  it.each([
    ["nvcr.io/nvidia/tritonserver", "nvcr.io", "nvidia/tritonserver"],
    ["nvcr.io/nvidia/tritonserver:26.07-py3", "nvcr.io", "nvidia/tritonserver"],
    ["registry.example.com:5000/a/b/c", "registry.example.com:5000", "a/b/c"],
    ["localhost/a", "localhost", "a"],
    ["team/app", "registry-1.docker.io", "team/app"],
    ["docker.io/team/app", "registry-1.docker.io", "team/app"],
    ["redis", "registry-1.docker.io", "library/redis"],
  ])("%s", (name, registry, repository) => {
    expect(parseImage(`${name}@${digest}`)).toEqual({ registry, repository, digest });
  });

  it("is nothing without one", () => {
    expect(() => parseImage("nvcr.io/nvidia/tritonserver:26.07-py3")).toThrow("has no digest");
  });
});
