import { setTimeout as sleep } from "node:timers/promises";
import { Agent, type Dispatcher, request } from "undici";

/** An object as it is written to the API server. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** An answer of the API server other than success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(what: string, status: number, message: string) {
    super(`${what}: ${status} ${message}`);
    this.name = "ApiError";
    this.status = status;
  }
}

/**
 * Server-side apply and little else. The general client spends most of a start parsing the custom resource definitions
 * (6 MB of YAML, 10 s) only to send them again as JSON; the API server takes them as they are.
 */
export class ApiClient {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(server: string, ca: string, token: string) {
    this.#server = server;
    this.#token = token;
    this.#agent = new Agent({ connect: { ca }, connections: 8, bodyTimeout: 30_000, headersTimeout: 30_000 });
  }

  /** Applies an object as field manager `serin-embedded`; fields of other managers stay as they are. */
  async apply(object: ApiObject, subresource?: "status"): Promise<void> {
    const path = `${collectionPath(object)}/${object.metadata.name}${subresource === undefined ? "" : `/${subresource}`}`;
    await this.applyText(path, JSON.stringify(object));
  }

  /** Applies an object given as JSON or YAML text. */
  async applyText(path: string, text: string): Promise<void> {
    const response = await this.#send("PATCH", `${path}?fieldManager=serin-embedded&force=true`, {
      headers: { "content-type": "application/apply-patch+yaml", accept: metadataOnly },
      body: text,
    });
    await response.body.text();
  }

  /** Reads an object or a list. */
  async get(path: string, accept = "application/json"): Promise<unknown> {
    return (await this.#send("GET", path, { headers: { accept } })).body.json();
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Everything sent here may be sent twice, so an API server that is just starting again is waited for. */
  async #send(method: "GET" | "PATCH", path: string, content: Content): Promise<Dispatcher.ResponseData> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const answer = await this.#sendOnce(method, path, content).catch((error: unknown) => error as Error);
      if (!(answer instanceof Error)) return answer;
      const isPassing = !(answer instanceof ApiError) || answer.status === 429 || answer.status >= 500;
      if (!isPassing || performance.now() > deadline) throw answer;
      await sleep(200);
    }
  }

  async #sendOnce(method: "GET" | "PATCH", path: string, content: Content): Promise<Dispatcher.ResponseData> {
    const response = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...content.headers, authorization: `Bearer ${this.#token}` },
      ...(content.body === undefined ? {} : { body: content.body }),
    });
    if (response.statusCode < 300) return response;
    throw new ApiError(`${method} ${path}`, response.statusCode, messageOf(await response.body.text()));
  }
}

interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const patienceMs = 20_000;

/** Otherwise every apply is answered with the whole object, megabytes for a custom resource definition. */
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** Where objects of a kind live; only the kinds an environment itself creates are known. */
function collectionPath({ apiVersion, kind, metadata }: ApiObject): string {
  const plural = plurals[kind];
  if (plural === undefined) throw new Error(`No API path is known for ${kind}.`);
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`}/${plural}`;
}

const plurals: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  Node: "nodes",
  ConfigMap: "configmaps",
  PersistentVolume: "persistentvolumes",
  PersistentVolumeClaim: "persistentvolumeclaims",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  Role: "roles",
  RoleBinding: "rolebindings",
};

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // Not a Status object: the text itself is the message.
  }
  return text.slice(0, 500);
}
