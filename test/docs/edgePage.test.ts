import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { shown } from "../../plan/shownValues.ts";
import { record } from "../stacks/record.ts";

const page = readFileSync("docs/clusters/edge.md", "utf8");
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text]) => text ?? "");
const documents = blocks("yaml").flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as never));

/** A path of a field, `spec.http`, as agents write it. */
const pointer = (path: string) => `/${path.replaceAll(".", "/")}`;

/** Which object is meant. The core group has no name. */
interface Target {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
}
/** An object and a field of it. */
interface Field extends Target {
  readonly path: string;
}
interface ArgoRule extends Target {
  readonly jsonPointers: readonly string[];
}
interface FluxRule {
  readonly target: Target;
  readonly paths: readonly string[];
}

/** What the Rollouts controller owns of the objects of a model that is called `fraud`. */
async function owned(): Promise<Field[]> {
  const resources = (await record("local")).flatMap((stack) => stack.resources);
  return resources
    .filter(({ type, ignoreChanges }) => type.startsWith("kubernetes:") && ignoreChanges !== undefined)
    .flatMap(({ props, ignoreChanges = [] }) => {
      const { apiVersion, kind, metadata } = shown(props) as {
        apiVersion: string;
        kind: string;
        metadata: { name: string };
      };
      const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
      return ignoreChanges.map((path) => ({ group, kind, name: metadata.name, path: pointer(path) }));
    });
}

const byText = (fields: readonly Field[]) =>
  fields.map(({ group = "", kind, name, path }) => `${group} ${kind} ${name} ${path}`).sort();

describe("what the page of sites that nobody reaches says", () => {
  it("keeps Argo CD and Flux off every field that the Rollouts controller owns, and off no other (argo-rollouts #849)", async () => {
    const fields = byText(await owned());
    expect(fields.length).toBeGreaterThan(2);
    const argo = documents.flatMap(({ ignoreDifferences = [] }: { ignoreDifferences?: ArgoRule[] }) =>
      ignoreDifferences.flatMap(({ jsonPointers, ...of }) => jsonPointers.map((path) => ({ ...of, path }))),
    );
    const flux = documents.flatMap(({ ignore = [] }: { ignore?: FluxRule[] }) =>
      ignore.flatMap(({ paths, target }) => paths.map((path) => ({ ...target, path }))),
    );
    expect({ argo: byText(argo), flux: byText(flux) }).toEqual({ argo: fields, flux: fields });
  });

  it("has definitions applied by the server, since several pass the limit of an annotation (helm-charts #1500)", () => {
    const applied = blocks("sh").flatMap((text) => text.split("\n").filter((line) => /^kubectl apply\b/.test(line)));
    expect(applied.length).toBeGreaterThan(1);
    for (const line of applied) expect(line).toMatch(/ --server-side\b/);
    const options = documents.flatMap(
      ({ spec }: { spec?: { syncPolicy?: { syncOptions: string[] } } }) => spec?.syncPolicy?.syncOptions ?? [],
    );
    expect(options).toEqual(expect.arrayContaining(["ServerSideApply=true", "RespectIgnoreDifferences=true"]));
  });
});
