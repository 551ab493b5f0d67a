/**
 * The environment in the name of a stack, `<environment>-<layer>` or `<environment>-<layer>-<cluster>`; undefined when
 * the name is not of that form.
 */
export function environmentOf(stack: string): string | undefined {
  return /^(?<environment>.+?)-(?:cluster|platform|models)(?:-|$)/.exec(stack)?.groups?.environment;
}
