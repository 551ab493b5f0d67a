import { fileURLToPath } from "node:url";
import type { PolicyConfig, PolicyInfo } from "@pulumi/pulumi/proto/analyzer_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { ProblemError } from "../../components/core/problem.ts";
import { preset } from "../../policies/preset.ts";
import { environmentOf } from "../../policies/stackName.ts";
import { type Analysis, PolicyClient } from "./policyClient.ts";
import { PolicyProcess } from "./policyProcess.ts";
import { PolicyReport, type PolicyUnderReport } from "./policyReport.ts";
import type { PolicyResult, Severity } from "./policyResult.ts";
import type { RecordedResource } from "./recordedResource.ts";
import { masked, secretTexts } from "./secretTexts.ts";

export interface PolicyServerOptions {
  /** Ends the pack, whatever it is doing; what is being analysed rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Folder of the pack. @default `policies/` of this project */
  readonly pack?: string;
  /** Longest time for the start of the pack and for each of its answers. @default 30 000 ms: it starts in about one second */
  readonly timeoutMs?: number;
}

/**
 * Starts the policy pack in a process of its own, served by the SDK's own server as under the engine. Returns at once, so that
 * the pack starts while the program is being recorded. Whoever starts it stops it; it also ends with this process.
 */
export function startPolicyServer(options: PolicyServerOptions = {}): PolicyServer {
  return new PolicyServer(options);
}

/** How many requests are on their way at once; the pack answers one at a time, this only hides the way. */
const requestsAtOnce = 16;

const severities: Readonly<Record<number, Severity>> = {
  [messages.PolicySeverity.POLICY_SEVERITY_LOW]: "low",
  [messages.PolicySeverity.POLICY_SEVERITY_MEDIUM]: "medium",
  [messages.PolicySeverity.POLICY_SEVERITY_HIGH]: "high",
  [messages.PolicySeverity.POLICY_SEVERITY_CRITICAL]: "critical",
};

export class PolicyServer {
  readonly #process: PolicyProcess;
  readonly #pack: string;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.stop();
  #client: PolicyClient | undefined;
  /** The pack holds one configuration at a time, so one stack follows the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ signal, pack, timeoutMs = 30_000 }: PolicyServerOptions) {
    signal?.throwIfAborted();
    this.#pack = pack ?? fileURLToPath(new URL("../../policies", import.meta.url));
    this.#timeoutMs = timeoutMs;
    this.#process = new PolicyProcess(this.#pack, timeoutMs);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * What the policies say of the resources of one stack: resource policies of each input as it would be registered, stack policies
   * of all of them together.
   *
   * @throws ProblemError when the pack does not start, a rule breaks, or there is no answer in time.
   */
  analyze(
    resources: readonly RecordedResource[],
    { stack, project }: { readonly stack: string; readonly project: string },
  ): Promise<PolicyResult> {
    const result = this.#last.then(() => this.#analyze(resources, stack, project));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends the pack's process and waits until it is gone. */
  async stop(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#client?.close();
    await this.#process.stop();
  }

  async #analyze(resources: readonly RecordedResource[], stack: string, project: string): Promise<PolicyResult> {
    const secrets = secretTexts(
      resources.flatMap(({ props, provider }) => [props, ...(provider ? [provider.props] : [])]),
    );
    try {
      this.#client ??= new PolicyClient(await this.#process.port, this.#timeoutMs);
      const client = this.#client;
      const info = await client.info();
      const config = configOf(info.getPoliciesList(), info.getInitialconfigMap(), environmentOf(stack));
      await client.configureStack(stack, project);
      await client.configure(config);

      const report = new PolicyReport(
        { name: info.getName(), version: info.getVersion() },
        stack,
        info.getPoliciesList().flatMap((policy) => underReport(policy, config.get(policy.getName()))),
        (message) => masked(message, secrets),
      );
      const analyses = await inBatches(resources, (resource) => client.analyze(resource));
      analyses.forEach((analysis, index) => {
        const urn = resources[index]?.urn;
        if (urn !== undefined) report.add("resource", analysis, urn);
      });
      report.add("stack", await client.analyzeStack(resources), stackUrn(resources, stack, project));
      return report.result();
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof ProblemError) throw error;
      const reason = masked(error instanceof Error ? error.message : String(error), secrets);
      throw new ProblemError(`The policies could not judge stack "${stack}"`, [{ path: this.#pack, reason }]);
    }
  }
}

/**
 * The configuration of a pack, made as the engine makes it: the defaults of each policy's schema, then what the pack itself
 * starts with, then the level of the environment.
 */
function configOf(
  policies: readonly PolicyInfo[],
  initial: { get(policy: string): PolicyConfig | undefined },
  environment: string | undefined,
): Map<string, PolicyConfig> {
  const levels = preset(
    environment,
    policies.map((policy) => ({ name: policy.getName() })),
  );
  return new Map(
    policies.map((policy) => {
      const name = policy.getName();
      const schema = policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
      const defaults: Record<string, struct.JavaScriptValue> = {};
      for (const [key, property] of Object.entries(schema as Record<string, { default?: struct.JavaScriptValue }>)) {
        if (property.default !== undefined) defaults[key] = property.default;
      }
      const own = initial.get(name)?.getProperties()?.toJavaScript() ?? {};
      const config = new messages.PolicyConfig();
      config.setProperties(struct.Struct.fromJavaScript({ ...defaults, ...own }));
      config.setEnforcementlevel(
        levels[name] === "advisory" ? messages.EnforcementLevel.ADVISORY : messages.EnforcementLevel.MANDATORY,
      );
      return [name, config];
    }),
  );
}

function underReport(policy: PolicyInfo, config: PolicyConfig | undefined): PolicyUnderReport[] {
  const level = config?.getEnforcementlevel();
  if (level === messages.EnforcementLevel.DISABLED) return [];
  return [
    {
      kind: policy.getPolicyType() === messages.PolicyType.POLICY_TYPE_STACK ? "stack" : "resource",
      policy: policy.getName(),
      displayName: policy.getDisplayname(),
      description: policy.getDescription(),
      severity: severities[policy.getSeverity()] ?? "medium",
      enforcement: level === messages.EnforcementLevel.ADVISORY ? "advisory" : "mandatory",
      remediationSteps: policy.getRemediationSteps(),
      url: policy.getUrl(),
    },
  ];
}

async function inBatches(
  resources: readonly RecordedResource[],
  analyze: (resource: RecordedResource) => Promise<Analysis>,
): Promise<Analysis[]> {
  const analyses: Analysis[] = [];
  for (let start = 0; start < resources.length; start += requestsAtOnce) {
    analyses.push(...(await Promise.all(resources.slice(start, start + requestsAtOnce).map(analyze))));
  }
  return analyses;
}

function stackUrn(resources: readonly RecordedResource[], stack: string, project: string): string {
  const type = "pulumi:pulumi:Stack";
  const recorded = resources.find((resource) => resource.type === type);
  return recorded?.urn ?? `urn:pulumi:${stack}::${project}::${type}::${project}-${stack}`;
}
