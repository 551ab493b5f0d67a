import { parser } from "@prometheus-io/lezer-promql";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

const undefinedOnNothing = ["HistogramQuantile", "HistogramFraction", "HistogramAvg", "Ln", "Log2", "Log10", "Sqrt"];
const comparisons = ["Eql", "Gtr", "Gte", "Lss", "Lte"];

/**
 * Whether a PromQL query can answer NaN without observations: a ratio (0/0) or a quantile, unless the query compares
 * it. A comparison with NaN is false, so the query answers 0 (`bool`) or no series.
 */
export function canBeNaN(query: string): boolean {
  // The controller fills in the arguments of a template. Any number in their place keeps the query valid PromQL.
  return isNaNable(parser.parse(query.replace(/\{\{[^}]*\}\}/g, "1")).topNode);
}

function isNaNable(node: SyntaxNode): boolean {
  const children = childrenOf(node);
  const names = children.map(({ name }) => name);
  if (node.name === "BinaryExpr") {
    if (names.some((name) => comparisons.includes(name))) return false;
    const divisor = children.at(-1);
    if ((names.includes("Div") || names.includes("Mod")) && !(divisor !== undefined && isNonZero(divisor))) return true;
    if (names.includes("And") || names.includes("Unless")) return children[0] !== undefined && isNaNable(children[0]);
  }
  if (node.name === "FunctionIdentifier") return names.some((name) => undefinedOnNothing.includes(name));
  return children.some(isNaNable);
}

/** A number, or an expression that keeps only series above one: `sum(x) > 0`. */
function isNonZero(node: SyntaxNode): boolean {
  const children = childrenOf(node);
  if (node.name === "NumberDurationLiteral") return true;
  if (node.name === "ParenExpr") return children.some(isNonZero);
  const names = children.map(({ name }) => name);
  return node.name === "BinaryExpr" && names.includes("Gtr") && !names.includes("BoolModifier");
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
