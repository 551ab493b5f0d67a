import { type CallOptions, ChannelCredentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import type {
  AnalyzeDiagnostic,
  AnalyzeRequest,
  AnalyzeResponse,
  AnalyzerInfo,
  AnalyzerResource,
  AnalyzerResourceOptions,
  PolicyConfig,
} from "@pulumi/pulumi/proto/analyzer_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { analyzerProperties } from "./analyzerProperties.ts";
import type { RecordedResource } from "./recordedResource.ts";

/** What the policies of a pack said of one resource or one stack. */
export interface Analysis {
  readonly diagnostics: readonly AnalyzeDiagnostic[];
  /** Names of the policies that do not apply. */
  readonly notApplicable: readonly string[];
}

/** The analyzer protocol of the Pulumi engine, from the engine's side. */
export class PolicyClient {
  readonly #client: AnalyzerClient;
  readonly #timeoutMs: number;

  constructor(port: number, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#client = new AnalyzerClient(`127.0.0.1:${port}`, ChannelCredentials.createInsecure(), {
      // As the engine and the SDK's server set it: a stack is one message.
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
      // A proxy of the environment must not see loopback traffic.
      "grpc.enable_http_proxy": 0,
    });
  }

  close(): void {
    this.#client.close();
  }

  info(): Promise<AnalyzerInfo> {
    return this.#call((...call) => this.#client.getAnalyzerInfo(new empty.Empty(), ...call));
  }

  async configureStack(stack: string, project: string): Promise<void> {
    const request = new messages.AnalyzerStackConfigureRequest();
    request.setStack(stack).setProject(project).setDryRun(true);
    await this.#call((...call) => this.#client.configureStack(request, ...call));
  }

  async configure(config: ReadonlyMap<string, PolicyConfig>): Promise<void> {
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [policy, value] of config) request.getPolicyconfigMap().set(policy, value);
    await this.#call((...call) => this.#client.configure(request, ...call));
  }

  async analyze(resource: RecordedResource): Promise<Analysis> {
    const request = describe(new messages.AnalyzeRequest(), resource);
    return analysis(await this.#call((...call) => this.#client.analyze(request, ...call)));
  }

  async analyzeStack(resources: readonly RecordedResource[]): Promise<Analysis> {
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(
      resources.map((resource) => {
        const message = describe(new messages.AnalyzerResource(), resource);
        message.setDependenciesList([...resource.dependencies]);
        if (resource.parent !== undefined) message.setParent(resource.parent);
        for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
          const dependencies = new messages.AnalyzerPropertyDependencies();
          message.getPropertydependenciesMap().set(property, dependencies.setUrnsList([...urns]));
        }
        return message;
      }),
    );
    return analysis(await this.#call((...call) => this.#client.analyzeStack(request, ...call)));
  }

  #call<Response>(
    start: (
      metadata: Metadata,
      options: Partial<CallOptions>,
      done: (error: ServiceError | null, response: Response) => void,
    ) => void,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      start(new Metadata(), { deadline: Date.now() + this.#timeoutMs }, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  }
}

const maxMessageBytes = 400 * 1024 * 1024;

/** What a request about one resource and a resource of a stack have in common. */
function describe<Message extends AnalyzeRequest | AnalyzerResource>(
  message: Message,
  resource: RecordedResource,
): Message {
  message.setUrn(resource.urn);
  message.setType(resource.type);
  message.setName(resource.name);
  message.setProperties(analyzerProperties(resource.props));
  message.setOptions(options(resource));
  if (resource.provider !== undefined) {
    const { urn, type, name, props } = resource.provider;
    const provider = new messages.AnalyzerProviderResource();
    message.setProvider(provider.setUrn(urn).setType(type).setName(name).setProperties(analyzerProperties(props)));
  }
  return message;
}

function options(resource: RecordedResource): AnalyzerResourceOptions {
  const message = new messages.AnalyzerResourceOptions();
  message.setProtect(resource.protect ?? false);
  message.setIgnorechangesList([...(resource.ignoreChanges ?? [])]);
  message.setAliasesList([...(resource.aliases ?? [])]);
  message.setAdditionalsecretoutputsList([...(resource.additionalSecretOutputs ?? [])]);
  message.setDeletebeforereplacedefined(resource.deleteBeforeReplace !== undefined);
  message.setDeletebeforereplace(resource.deleteBeforeReplace ?? false);
  if (resource.parent !== undefined) message.setParent(resource.parent);
  return message;
}

function analysis(response: AnalyzeResponse): Analysis {
  return {
    diagnostics: response.getDiagnosticsList(),
    notApplicable: response.getNotApplicableList().map((entry) => entry.getPolicyName()),
  };
}
