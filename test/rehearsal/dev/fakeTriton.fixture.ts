import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TritonTool } from "../../../embedded/toolchain/index.ts";

/** What a version of a model does, in place of Python: the text of its `model.py`. */
export interface FakeModel {
  /** What it answers. */
  readonly answer?: unknown;
  /** What keeps it from being loaded. */
  readonly load?: string;
  /** What it says to each request in place of an answer. */
  readonly refuses?: string;
  /** It takes the server down with the first request. */
  readonly dies?: true;
  /** The name of its input. @default x */
  readonly input?: string;
}

/** A program that serves a repository as Triton does in control mode `explicit`, without models of its own. */
const program = `
const { createServer } = require("node:http");
const { readdirSync, readFileSync } = require("node:fs");
const flags = Object.fromEntries(process.argv.slice(2).map((flag) => flag.replace(/^--/, "").split(/=(.*)/s)));
const repository = flags["model-repository"];
let loaded = {};
function load(name) {
  const versions = readdirSync(repository + "/" + name).filter((entry) => /^\\d+$/.test(entry));
  const next = {};
  for (const version of versions.sort((a, b) => a - b).slice(-2)) {
    const model = JSON.parse(readFileSync(repository + "/" + name + "/" + version + "/model.py", "utf8"));
    if (model.load !== undefined) {
      const why = "failed to load '" + name + "' version " + version + ": Internal: " + model.load;
      process.stderr.write("E1128 09:00:00.000000 1 model_lifecycle.cc:642] \\"" + why + "\\"\\n");
      return why;
    }
    next[version] = model;
  }
  loaded[name] = next;
}
createServer((request, response) => {
  const answer = (status, body) => response.writeHead(status).end(JSON.stringify(body));
  const parts = request.url.split("/").slice(2);
  request.resume().on("end", () => {
    if (request.url === "/die") process.exit(6);
    if (parts[0] === "health") return answer(200, {});
    if (parts[0] === "repository") {
      if (parts[3] === "unload") delete loaded[parts[2]];
      const error = parts[3] === "load" ? load(parts[2]) : undefined;
      return error === undefined ? answer(200, {}) : answer(400, { error });
    }
    const versions = loaded[parts[1]] ?? {};
    const version = parts[2] === "versions" ? parts[3] : Object.keys(versions).at(-1);
    const model = versions[version];
    if (model === undefined) return answer(404, { error: "unknown model" });
    if (parts.at(-1) === "ready") return answer(200, {});
    if (parts.at(-1) !== "infer")
      return answer(200, { inputs: [{ name: model.input ?? "x", datatype: "FP32", shape: [-1, 2] }] });
    if (model.dies) process.exit(6);
    if (model.refuses !== undefined) return answer(500, { error: model.refuses });
    answer(200, { model_version: version, outputs: [{ name: "score", shape: [1, 1], data: [model.answer] }] });
  });
}).listen(Number(flags["http-port"]), flags["http-address"]);
`;

/** Writes the program into a folder. */
export function fakeTriton(folder: string): TritonTool {
  const bin = join(folder, "tritonserver");
  writeFileSync(bin, `#!${process.execPath}\n${program}`);
  chmodSync(bin, 0o755);
  const env = {
    LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH ?? "",
    PATH: process.env.PATH ?? "",
    SERIN_ONNXRUNTIME: "",
  };
  return { bin, backends: folder, libraryPath: "", python: "python3", env };
}
