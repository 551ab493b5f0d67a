import { fileURLToPath } from "node:url";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { messageOf } from "../../components/core/messageOf.ts";
import { ProblemError } from "../../components/core/problem.ts";
import { stackNameParts } from "../../components/core/stackName.ts";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { type analyzer, analyzerProtocol } from "../../engine/sdkInternals.ts";
import { preset } from "../../policies/preset.ts";
import { masking, secretTexts } from "../secretTexts.ts";
import { PolicyClient } from "./policyClient.ts";
import { PolicyProcess } from "./policyProcess.ts";
import { type Exemptions, PolicyReport, type PolicyUnderReport } from "./policyReport.ts";
import type { PolicyResult, Severity } from "./policyResult.ts";

const { messages } = analyzerProtocol();

/** How a policy pack is run. */
export interface PolicyServerOptions {
  /** Ends the pack at once; an analysis under way rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Folder of the pack. @default `policies/` of this project */
  readonly pack?: string;
  /**
   * How long the start of the pack and each of its answers may take, in ms.
   *
   * @default 30 000: the pack starts in about one second
   */
  readonly timeoutMs?: number;
}

/**
 * Starts the policy pack in a process of its own, served by the SDK's own server as under the engine. Returns at once,
 * so that the pack starts while the program is recorded. The caller stops it; it also ends with this process.
 */
export function startPolicyServer(options: PolicyServerOptions = {}): PolicyServer {
  return new PolicyServer(options);
}

/** The stack that policies are asked about. */
export interface AnalyzedStack {
  /** The stack's name. */
  readonly stack: string;
  /** The Pulumi project's name. */
  readonly project: string;
  /** What is exempted. @default nothing */
  readonly exemptions?: Exemptions;
}

/** How many requests are under way at once. The pack answers one at a time; more of them save the latency. */
const requestsAtOnce = 16;

const severities: Readonly<Record<number, Severity>> = {
  [messages.PolicySeverity.POLICY_SEVERITY_LOW]: "low",
  [messages.PolicySeverity.POLICY_SEVERITY_MEDIUM]: "medium",
  [messages.PolicySeverity.POLICY_SEVERITY_HIGH]: "high",
  [messages.PolicySeverity.POLICY_SEVERITY_CRITICAL]: "critical",
};

/** A policy pack that runs in a process of its own. */
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
   * What the policies say of the resources of one stack: resource policies of each input as it would be registered,
   * stack policies of all of them together.
   *
   * @throws ProblemError when the pack does not start, a rule breaks, or there is no answer in time.
   */
  analyze(resources: readonly RecordedResource[], about: AnalyzedStack): Promise<PolicyResult> {
    const result = this.#last.then(() => this.#analyze(resources, about));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends the pack's process and waits until it is gone. */
  async stop(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#client?.close();
    await this.#process.stop();
  }

  async #analyze(
    resources: readonly RecordedResource[],
    { stack, project, exemptions = { declared: [], day: "" } }: AnalyzedStack,
  ): Promise<PolicyResult> {
    const mask = masking(
      secretTexts(resources.flatMap(({ props, provider }) => [props, ...(provider ? [provider.props] : [])])),
    );
    /** An answer of the pack; when there is none, an error that says what it was asked about. */
    const about = <Answer>(path: string, answer: Promise<Answer>): Promise<Answer> =>
      answer.catch((error: unknown) => {
        this.#signal?.throwIfAborted();
        const reason = mask(messageOf(error));
        throw new ProblemError(`The policies could not check stack "${stack}"`, [{ path, reason }]);
      });

    const client = await this.#connect();
    const info = await about(this.#pack, client.info());
    const policies = info.getPoliciesList();
    const config = configOf(policies, info.getInitialconfigMap(), stackNameParts(stack)?.environment);
    await about(this.#pack, client.configureStack(stack, project));
    await about(this.#pack, client.configure(config));

    const report = new PolicyReport(
      { name: info.getName(), version: info.getVersion() },
      stack,
      policies.flatMap((policy) => underReport(policy, config.get(policy.getName()))),
      mask,
      exemptions,
    );
    for (let start = 0; start < resources.length; start += requestsAtOnce) {
      const batch = resources.slice(start, start + requestsAtOnce);
      const analyses = await Promise.all(
        batch.map(async (resource) => [resource.urn, await about(resource.urn, client.analyze(resource))] as const),
      );
      for (const [urn, analysis] of analyses) report.add("resource", analysis, urn);
    }
    const urn = stackUrn(resources, stack, project);
    report.add("stack", await about(urn, client.analyzeStack(resources)), urn);
    return report.result();
  }

  async #connect(): Promise<PolicyClient> {
    try {
      this.#client ??= new PolicyClient(await this.#process.port, this.#timeoutMs);
      return this.#client;
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw error;
    }
  }
}

/**
 * The configuration of a pack, made as the engine makes it: the defaults of each policy's schema, then what the pack
 * itself starts with, then the level of the environment.
 */
function configOf(
  policies: readonly analyzer.PolicyInfo[],
  initial: { get(policy: string): analyzer.PolicyConfig | undefined },
  environment: string | undefined,
): Map<string, analyzer.PolicyConfig> {
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

function underReport(policy: analyzer.PolicyInfo, config: analyzer.PolicyConfig | undefined): PolicyUnderReport[] {
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

function stackUrn(resources: readonly RecordedResource[], stack: string, project: string): string {
  const type = "pulumi:pulumi:Stack";
  const recorded = resources.find((resource) => resource.type === type);
  return recorded?.urn ?? `urn:pulumi:${stack}::${project}::${type}::${project}-${stack}`;
}
