/** The verbs of `serin release` that change a release. */
export const releaseVerbs = ["promote", "abort", "rollback", "retry", "pause", "resume"] as const;

/**
 * What a person does to a release. `promote`: goes on to the next weight, or to all of the traffic. `abort`: gives the
 * traffic back to the stable version. `rollback`: the same, and after a promotion back to the version before. `retry`:
 * releases a version again that was rolled back. `pause`: keeps the weights. `resume`: goes on.
 */
export type ReleaseVerb = (typeof releaseVerbs)[number];
