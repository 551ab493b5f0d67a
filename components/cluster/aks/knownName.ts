import * as pulumi from "@pulumi/pulumi";

/**
 * The name we gave a resource, with the resource as a dependency. Its own `name` output is known only once it exists, so a plan would
 * show nothing but unknown names.
 */
export function knownName(resource: pulumi.Resource, name: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.all([resource.urn, name]).apply(([, known]) => known);
}
