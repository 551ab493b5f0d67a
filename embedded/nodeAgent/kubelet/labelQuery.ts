import { matchesSelector } from "../../../engine/kubernetes/labelSelector.ts";

/**
 * Whether labels match a selector as clients write it: `app=fraud,version!=1,tier in (a,b),!canary`
 * (kubernetes `apimachinery/pkg/labels/selector.go`). A term that is none matches nothing.
 */
export function matchesLabels(selector: string, labels: object): boolean {
  // The commas between parentheses are not between terms.
  const terms = selector.split(/,(?![^(]*\))/).filter((term) => term.trim() !== "");
  return terms.every((term) => {
    const matchExpressions = expression(term.trim());
    return matchExpressions !== undefined && matchesSelector({ matchExpressions: [matchExpressions] }, { ...labels });
  });
}

function expression(term: string): { key: string; operator: string; values?: string[] } | undefined {
  const [, absent, only] = /^(!)?([\w./-]+)$/.exec(term) ?? [];
  if (only !== undefined) return { key: only, operator: absent === undefined ? "Exists" : "DoesNotExist" };
  const [, key, operator, value] = /^([\w./-]+)\s*(==?|!=)\s*([\w.-]*)$/.exec(term) ?? [];
  if (key !== undefined) return { key, operator: operator === "!=" ? "NotIn" : "In", values: [value ?? ""] };
  const [, one, not, values] = /^([\w./-]+)\s+(not)?in\s*\(([^)]*)\)$/.exec(term) ?? [];
  if (one === undefined) return undefined;
  return { key: one, operator: not === undefined ? "In" : "NotIn", values: (values ?? "").split(/\s*,\s*/) };
}
