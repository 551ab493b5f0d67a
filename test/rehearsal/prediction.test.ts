import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { predictOnce } from "../../rehearsal/prediction.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** A model with one input, whose gateway answers every inference with `status`. */
async function gateway(status: number): Promise<string> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 1] }];
  server = createServer((request, response) => {
    request.resume();
    if (request.method === "GET") response.end(JSON.stringify({ inputs }));
    else response.writeHead(status).end('{"error":"expected 1 inputs but got 0"}');
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function problem(status: number, body?: string): Promise<ProblemError> {
  const at = { gateway: await gateway(status), host: "fraud.models.local", model: "fraud" };
  const error = await predictOnce(at, body).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe("a request that is not answered with 200", () => {
  it("is wrong input where the model refuses the body that was given", async () => {
    const error = await problem(400, '{"inputs":[]}');
    expect(error.exitCode).toBe(exitCodes.badInput);
    expect(error.message).toMatch(/^Model "fraud" refuses the request/);
    expect(error.problems).toEqual([
      expect.objectContaining({ path: "--input", reason: '400 {"error":"expected 1 inputs but got 0"}.' }),
    ]);
  });

  it.each([
    ["the body that was given", 503, '{"inputs":[]}'],
    ["inputs made from the model's own metadata", 400, undefined],
  ])("is a model that cannot be had, for %s and status %i", async (_, status, body) => {
    const error = await problem(status, body);
    expect(error.exitCode).toBe(exitCodes.unavailable);
    expect(error.message).toMatch(/^Model "fraud" does not answer/);
  });
});
