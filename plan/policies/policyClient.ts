import { type CallOptions, ChannelCredentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import protobuf from "protobufjs/minimal.js";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { type analyzer, analyzerProtocol } from "../../engine/sdkInternals.ts";
import { analyzerProperties } from "./analyzerProperties.ts";

const { AnalyzerClient, AnalyzerService, messages } = analyzerProtocol();

/** What the policies of a pack said of one resource or one stack. */
export interface Analysis {
  /** What they found. */
  readonly diagnostics: readonly analyzer.AnalyzeDiagnostic[];
  /** Names of the policies that do not apply. */
  readonly notApplicable: readonly string[];
}

/** The analyzer protocol of the Pulumi engine, from the engine's side. */
export class PolicyClient {
  readonly #client: InstanceType<typeof AnalyzerClient>;
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

  /** Closes the connection. */
  close(): void {
    this.#client.close();
  }

  /** The pack, and its policies. */
  info(): Promise<analyzer.AnalyzerInfo> {
    return this.#call((...call) => this.#client.getAnalyzerInfo(new empty.Empty(), ...call));
  }

  /** Tells the pack which stack comes next. */
  async configureStack(stack: string, project: string): Promise<void> {
    const request = new messages.AnalyzerStackConfigureRequest();
    request.setStack(stack).setProject(project).setDryRun(true);
    await this.#call((...call) => this.#client.configureStack(request, ...call));
  }

  /** Sets the configuration and the level of each policy. */
  async configure(config: ReadonlyMap<string, analyzer.PolicyConfig>): Promise<void> {
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [policy, value] of config) request.getPolicyconfigMap().set(policy, value);
    await this.#call((...call) => this.#client.configure(request, ...call));
  }

  /** Runs the policies about resources over one resource. */
  async analyze(resource: RecordedResource): Promise<Analysis> {
    const { path } = AnalyzerService.analyze;
    return this.#analyze(path, withProperties(describe(new messages.AnalyzeRequest(), resource), resource));
  }

  /** Runs the policies about the stack over all its resources. */
  async analyzeStack(resources: readonly RecordedResource[]): Promise<Analysis> {
    const request = protobuf.Writer.create();
    for (const resource of resources) {
      const message = describe(new messages.AnalyzerResource(), resource);
      message.setDependenciesList([...resource.dependencies]);
      if (resource.parent !== undefined) message.setParent(resource.parent);
      for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
        const dependencies = new messages.AnalyzerPropertyDependencies();
        message.getPropertydependenciesMap().set(property, dependencies.setUrnsList([...urns]));
      }
      request.uint32(resourcesTag).bytes(withProperties(message, resource));
    }
    return this.#analyze(AnalyzerService.analyzeStack.path, request.finish());
  }

  async #analyze(path: string, request: Uint8Array): Promise<Analysis> {
    const response = await this.#call<analyzer.AnalyzeResponse>((...call) =>
      this.#client.makeUnaryRequest(path, Buffer.from, messages.AnalyzeResponse.deserializeBinary, request, ...call),
    );
    return {
      diagnostics: response.getDiagnosticsList(),
      notApplicable: response.getNotApplicableList().map((entry) => entry.getPolicyName()),
    };
  }

  #call<Response>(
    start: (
      metadata: Metadata,
      options: CallOptions,
      done: (error: ServiceError | null, response?: Response) => void,
    ) => void,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      start(new Metadata(), { deadline: Date.now() + this.#timeoutMs }, (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error);
      });
    });
  }
}

const maxMessageBytes = 400 * 1024 * 1024;

/** Length-delimited fields: `properties = 2` of both messages about a resource, `resources = 1` of a stack. */
const propertiesTag = (2 << 3) | 2;
const resourcesTag = (1 << 3) | 2;

/** A message and its properties: fields of a protobuf message may come in any order, so they are appended. */
function withProperties(
  message: analyzer.AnalyzeRequest | analyzer.AnalyzerResource,
  { props }: RecordedResource,
): Uint8Array {
  const properties = protobuf.Writer.create().uint32(propertiesTag).bytes(analyzerProperties(props)).finish();
  return Buffer.concat([message.serializeBinary(), properties]);
}

/** What a request about one resource and a resource of a stack have in common. */
function describe<Message extends analyzer.AnalyzeRequest | analyzer.AnalyzerResource>(
  message: Message,
  resource: RecordedResource,
): Message {
  message.setUrn(resource.urn);
  message.setType(resource.type);
  message.setName(resource.name);
  message.setOptions(options(resource));
  if (resource.provider !== undefined) {
    const { urn, type, name, props } = resource.provider;
    const provider = new messages.AnalyzerProviderResource();
    const properties = struct.Struct.deserializeBinary(analyzerProperties(props));
    message.setProvider(provider.setUrn(urn).setType(type).setName(name).setProperties(properties));
  }
  return message;
}

function options(resource: RecordedResource): analyzer.AnalyzerResourceOptions {
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
