/** A series of Prometheus: its labels, its name among them as `__name__`. */
export type Series = Readonly<Record<string, string>>;

/** Whether a vector selector, a name and matchers, matches a series. Regular expressions are anchored, as Prometheus'. */
export function matches(selector: string, series: Series): boolean {
  const [, name, inside] = /^(\w+)\{(.*)\}$/.exec(selector) ?? [];
  if (name === undefined || inside === undefined) throw new Error(`not a vector selector: ${selector}`);
  const matchers = [...inside.matchAll(/(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"(?:,|$)/g)];
  if (matchers.map(([text]) => text).join("") !== inside) throw new Error(`not all are matchers: ${inside}`);
  return (
    series.__name__ === name &&
    matchers.every(([, label = "", operator = "", quoted = ""]) => {
      const value = series[label] ?? "";
      const wanted = quoted.replaceAll(/\\(.)/g, "$1");
      const found = operator.endsWith("~") ? new RegExp(`^(?:${wanted})$`).test(value) : value === wanted;
      return found === !operator.startsWith("!");
    })
  );
}

/** How many of a counter's selectors match a series. */
export function selected(selectors: readonly string[] = [], series: Series, hashes: Series = {}): number {
  const filled = (selector: string) =>
    selector.replaceAll(/\{\{args\.([\w-]+)\}\}/g, (_, name: string) => hashes[name] ?? "");
  return selectors.filter((selector) => matches(filled(selector), series)).length;
}
