import type { RecordedResource } from "../../../../engine/recordedResource.ts";
import { type Recorded, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const runs = new Map<string, Promise<Recorded>>();

/** The sample, or the sample with changes, as `up` finds it; the same is recorded once. */
export function run(changes: Partial<typeof sampleArgs> = {}): Promise<Recorded> {
  const key = JSON.stringify(changes);
  const known = runs.get(key) ?? recorded(() => void build({ ...sampleArgs, ...changes }), answers);
  runs.set(key, known);
  return known;
}

/** The one resource of a name, in a cluster that is called `aws-use1`. */
export function called({ resources }: Recorded, name: string): RecordedResource {
  const found = resources.filter((resource) => resource.name === `aws-use1-${name}` && resource.custom);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources aws-use1-${name}`);
  return found[0];
}

/** Names of all that must be there before a resource is made, and until it is gone. */
export function needs(recordedRun: Recorded, name: string): ReadonlySet<string> {
  const byUrn = new Map(recordedRun.resources.map((resource) => [resource.urn, resource]));
  const found = new Set<string>();
  const visit = ({ dependencies }: RecordedResource) => {
    for (const urn of dependencies) {
      const needed = byUrn.get(urn);
      if (needed === undefined || found.has(needed.name)) continue;
      found.add(needed.name);
      visit(needed);
    }
  };
  visit(called(recordedRun, name));
  return new Set([...found].map((needed) => needed.replace(/^aws-use1-/, "")));
}
