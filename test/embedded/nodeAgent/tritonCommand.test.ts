import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PodProblem } from "../../../embedded/nodeAgent/podProblem.ts";
import { readTritonCommand, tritonArgs } from "../../../embedded/nodeAgent/tritonCommand.ts";

const read = (args: string[], env: Record<string, string> = {}) => readTritonCommand({ name: "triton", args }, env);

const local = {
  address: "127.9.1.1",
  ports: { http: 18_000, grpc: 18_001, metrics: 8002 },
  backends: "/opt/backends",
  repositories: ["/pods/1/repository"],
  sharedMemoryPrefix: "serin-x-",
  translate: (path: string) => path.replace(/^\/tmp/, "/pods/1/tmp"),
};

describe("the command of a Triton container", () => {
  it("contains the model repositories and the ports", () => {
    expect(
      read(["tritonserver", "--model-repository=/models/a", "--http-port=9000", "--grpc-port", "9001"]),
    ).toMatchObject({
      repositories: ["/models/a"],
      ports: { http: 9000, grpc: 9001, metrics: 8002 },
    });
  });

  it("may be in command and in args, with variables", () => {
    const container = {
      name: "t",
      command: ["/opt/tritonserver/bin/tritonserver"],
      args: ["--model-repository=$(STORE)/1"],
    };
    expect(readTritonCommand(container, { STORE: "/models/fraud" }).repositories).toEqual(["/models/fraud/1"]);
    expect(read(["tritonserver", "--model-repository=/m/$$(A)/$(B)"]).repositories).toEqual(["/m/$(A)/$(B)"]);
  });

  it("is refused if it runs another program, has no valid flags or no model repository", () => {
    expect(() => read(["sh", "-c", "tritonserver"])).toThrow(/runs only tritonserver/);
    expect(() => read(["tritonserver", "serve"])).toThrow('"serve" is not a flag of tritonserver');
    expect(() => read(["tritonserver", "--log-info=true"])).toThrow(/no --model-repository/);
    expect(() => read([])).toThrow(PodProblem);
  });

  it("is refused if its models are in a cloud store", () => {
    expect(() => read(["tritonserver", "--model-repository=s3://bucket/fraud/1"])).toThrow(/in a cloud store/);
  });
});

describe("the arguments of the Triton process", () => {
  it("make it listen on the pod's address behind the sidecar, whatever the container's flags are", () => {
    const command = read([
      "tritonserver",
      "--model-repository=/models/a",
      "--http-address=0.0.0.0",
      "--http-port=9000",
    ]);
    const args = tritonArgs(command, local);
    expect(args).toContain("--http-address=127.9.1.1");
    expect(args).toContain("--http-port=18000");
    expect(args).toContain("--metrics-port=8002");
    expect(args).toContain("--model-repository=/pods/1/repository");
    expect(args.filter((arg) => arg.startsWith("--http-address"))).toHaveLength(1);
    expect(args.filter((arg) => arg.startsWith("--model-repository"))).toHaveLength(1);
  });

  it("contain every other flag, with the paths of this machine", () => {
    const command = read([
      "tritonserver",
      "--model-repository=/m",
      "--log-file=/tmp/log",
      "--strict-readiness",
      "--rate-limit",
      "off",
    ]);
    expect(tritonArgs(command, local)).toEqual(
      expect.arrayContaining(["--log-file=/pods/1/tmp/log", "--strict-readiness", "--rate-limit=off"]),
    );
  });

  it("contain every flag, in any order and form", () => {
    const flag = fc.record({
      name: fc.constantFrom("log-info", "log-verbose", "exit-timeout-secs", "backend-config", "load-model"),
      value: fc.constantFrom("1", "true", "python,x=1", "a"),
      joined: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(flag), (flags) => {
        const words = flags.flatMap(({ name, value, joined }) =>
          joined ? [`--${name}=${value}`] : [`--${name}`, value],
        );
        const args = tritonArgs(read(["tritonserver", "--model-repository=/m", ...words]), local);
        for (const { name, value } of flags) expect(args).toContain(`--${name}=${value}`);
      }),
    );
  });
});
