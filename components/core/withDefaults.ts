/**
 * Options with a default for each that is absent or undefined. A value that is no object is returned as it is: the
 * check of the environment then says so at the path where it is used.
 */
export function withDefaults<Defaults extends object, Options extends object>(
  defaults: Defaults,
  options: Options,
): Defaults & Options {
  const isObject = typeof options === "object" && options !== null && !Array.isArray(options);
  const given = isObject ? Object.entries(options).filter(([, value]) => value !== undefined) : [];
  return (isObject ? { ...defaults, ...Object.fromEntries(given) } : options) as Defaults & Options;
}
