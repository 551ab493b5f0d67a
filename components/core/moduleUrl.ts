/**
 * The module of that name beside another one: TypeScript in a checkout, JavaScript in the installed package. A process
 * or a worker is started from a file, so a compiler cannot rewrite its name.
 */
export function moduleUrl(name: string, from: string): URL {
  return new URL(`${name}${from.slice(from.lastIndexOf("."))}`, from);
}
