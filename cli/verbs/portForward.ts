import { exitCodes, type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { type Forward, forwardPort } from "../../engine/kubernetes/podForward.ts";
import type { ModelPod } from "../../rehearsal/cluster/modelPods.ts";
import { type PodOptions, type PodTarget, podTarget, targetResult, targetText } from "../podTarget.ts";
import { printable } from "../printable.ts";
import type { Invocation, LongAnswer } from "../run.ts";

/** A port as a person asks for it. */
interface AskedPort {
  /** Of the pod. */
  readonly port: number;
  /** Its name in the container. Undefined: it has none. */
  readonly name?: string;
  /** Of this machine. Undefined: the same, or any that is free. */
  readonly localPort?: number;
}

/**
 * `serin port-forward`: makes ports of a pod reachable on 127.0.0.1, around the gateway, until Ctrl-C. The answer says
 * at once where they are and does not end before.
 *
 * @throws ProblemError for wrong input, a pod that is not there, a port of this machine that is in use
 */
export async function portForward(
  model: string,
  ports: readonly string[],
  options: PodOptions,
  { signal, json }: Invocation,
): Promise<LongAnswer> {
  const target = await podTarget(model, options, "process", signal);
  const { site, chosen } = target;
  const open: OpenPort[] = [];
  const close = (): void => {
    for (const { forward } of open) forward.close();
  };
  try {
    for (const asked of askedPorts(chosen, ports.length === 0 ? ["http"] : ports)) {
      const onProblem = (reason: string): void => {
        process.stderr.write(`${printable(`port ${asked.port} of pod ${chosen.name}: ${reason}`)}\n`);
      };
      const to = { namespace: site.namespace, pod: chosen.name, port: asked.port, onProblem };
      const forward = await listen(asked, (localPort) => forwardPort(site.view.client, { ...to, localPort }));
      open.push({ ...asked, forward });
    }
  } catch (error) {
    close();
    throw error;
  }
  const said = json ? document(model, target, open) : printable(described(target, open));
  return { pieces: untilAborted(`${said}\n`, signal, close) };
}

/** A port of the pod that is open here. */
interface OpenPort extends AskedPort {
  readonly forward: Forward;
}

function document(model: string, target: PodTarget, open: readonly OpenPort[]): string {
  const ports = open.map(({ port, name, forward }) => ({ port, name, localPort: forward.localPort }));
  return JSON.stringify({ ...targetResult(target), model, ports }, undefined, 2);
}

function described(target: PodTarget, open: readonly OpenPort[]): string {
  const ports = open.map(({ port, name, forward }) => {
    return `127.0.0.1:${forward.localPort} → port ${port}${name === undefined ? "" : ` (${name})`}`;
  });
  return [targetText(target), ...ports, "Ctrl-C ends it."].join("\n");
}

async function* untilAborted(said: string, signal: AbortSignal, close: () => void): AsyncGenerator<string> {
  try {
    yield said;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    close();
  }
}

/** A port that was not asked for by number gives way to another program's. */
async function listen({ port, localPort }: AskedPort, open: (localPort: number) => Promise<Forward>): Promise<Forward> {
  try {
    return await open(localPort ?? port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (localPort === undefined && (code === "EADDRINUSE" || code === "EACCES")) return open(0);
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new ProblemError(
      "The port cannot be forwarded",
      [
        {
          path: `127.0.0.1:${localPort}`,
          reason: code === "EACCES" ? "it needs rights of an administrator." : "it is in use.",
          fix: "Name another port, or leave it out and a free one is taken.",
        },
      ],
      exitCodes.unavailable,
    );
  }
}

function askedPorts({ pod }: ModelPod, texts: readonly string[]): AskedPort[] {
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
  const problems: Problem[] = [];
  const asked = texts.flatMap((text): AskedPort[] => {
    const [, local, wanted = ""] = /^(?:(\d{1,5}):)?([a-z0-9-]+)$/.exec(text) ?? [];
    const byName = declared.find(({ name }) => name === wanted);
    const port = byName?.containerPort ?? (/^\d+$/.test(wanted) ? Number(wanted) : undefined);
    if (port === undefined || !isPort(port) || (local !== undefined && !isPort(Number(local)))) {
      const named = declared.flatMap(({ name, containerPort }) =>
        name === undefined ? [] : `${name} (${containerPort})`,
      );
      problems.push({
        path: text,
        reason: "it is neither a port nor the name of one of the pod's.",
        fix: `Write a number, one of ${named.join(", ")}, or either with a port here before it: 9000:http.`,
      });
      return [];
    }
    const name = byName?.name ?? declared.find(({ containerPort }) => containerPort === port)?.name;
    return [
      {
        port,
        ...(name === undefined ? {} : { name }),
        ...(local === undefined ? {} : { localPort: Number(local) }),
      },
    ];
  });
  rejectProblems("The port cannot be forwarded", problems);
  return asked;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}
