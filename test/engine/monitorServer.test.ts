import { describe, expect, it } from "vitest";
import { MonitorServer } from "../../engine/monitorServer.ts";
import type { monitorProtocol } from "../../engine/sdkInternals.ts";

/** What the SDK asks of the answer to a read. 3.248 asks for URN and properties; 3.276 for all of it. */
interface ReadAnswer {
  getUrn(): string;
  getId(): string;
  getProperties(): { toJavaScript(): unknown };
  getResult(): number;
  getUnknown(): boolean;
}

describe("a resource that is read", () => {
  it("is answered in the words of newer SDKs too, which a program may have beside ours", async () => {
    const server = new MonitorServer({
      project: "serin",
      stack: "dev-cluster",
      monitor: {
        register: () => Promise.reject(new Error("nothing is registered here")),
        read: () => Promise.resolve({ id: "kube-system", outputs: { kind: "Namespace" } }),
        invoke: () => Promise.reject(new Error("nothing is called here")),
      },
      stackOutputs: () => undefined,
      onFailure: (error) => {
        throw error;
      },
      signal: new AbortController().signal,
    });
    const request = {
      getParent: () => "",
      getType: () => "kubernetes:core/v1:Namespace",
      getName: () => "kube-system",
      getId: () => "kube-system",
      getProvider: () => "",
      getAdditionalsecretoutputsList: () => [],
    } as unknown as monitorProtocol.ReadResourceRequest;
    const answer = await new Promise<ReadAnswer>((resolve) => {
      server.readResource(request, (_error, response) => resolve(response as ReadAnswer));
    });
    expect(answer.getUrn()).toBe("urn:pulumi:dev-cluster::serin::kubernetes:core/v1:Namespace::kube-system");
    expect(answer.getId()).toBe("kube-system");
    expect(answer.getProperties().toJavaScript()).toEqual({ kind: "Namespace" });
    // `Result.SUCCESS`; anything else makes the outputs unknown.
    expect(answer.getResult()).toBe(0);
    expect(answer.getUnknown()).toBe(false);
  });
});
