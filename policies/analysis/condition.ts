/**
 * Whether a metric's condition is false, and not an error or true, when Prometheus returns no series. It is, if each
 * alternative first asks whether `result` has an item.
 */
export function asksForData(condition: string): boolean {
  const alternatives = split(condition, ["||", "or"]);
  if (alternatives.length > 1) return alternatives.every(asksForData);
  const first = split(condition, ["&&", "and"]).find((part) => /\bresult\b/.test(part));
  if (first === undefined) return false;
  return isGuard(first) || (first.length < condition.trim().length && asksForData(first));
}

/** Whether a condition calls NaN a success. A ratio without observations is NaN. */
export function acceptsNaN(successCondition: string): boolean {
  return /(?<!(?:!|\bnot)\s*)\bisNaN\(/.test(successCondition);
}

function isGuard(part: string): boolean {
  const text = withoutParentheses(part).replace(/\s+/g, "");
  return /^len\(result\)(?:>\d+|>=[1-9]\d*|==[1-9]\d*|!=0)$/.test(text) || /^0(?:<|!=)len\(result\)$/.test(text);
}

/** The operands of an operator that is not inside parentheses, brackets or quotes; one operand if there is none. */
function split(expression: string, operators: readonly string[]): string[] {
  const text = withoutParentheses(expression);
  const operands: string[] = [];
  let [start, depth, quote] = [0, 0, ""];
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (quote !== "") {
      if (character === "\\") index++;
      else if (character === quote) quote = "";
    } else if (`"'\``.includes(character)) quote = character;
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    else if (depth === 0) {
      const operator = operators.find((candidate) => startsWithOperator(text, index, candidate));
      if (operator === undefined) continue;
      operands.push(text.slice(start, index));
      start = index + operator.length;
      index = start - 1;
    }
  }
  return [...operands, text.slice(start)].map((operand) => operand.trim());
}

function startsWithOperator(text: string, index: number, operator: string): boolean {
  if (!text.startsWith(operator, index)) return false;
  if (!/^\w/.test(operator)) return true;
  return !/\w/.test(text.charAt(index - 1)) && !/\w/.test(text.charAt(index + operator.length));
}

/** `(a && b)` is `a && b`; `(a) && (b)` stays. */
function withoutParentheses(expression: string): string {
  const text = expression.trim();
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text.charAt(index) === "(") depth++;
    else if (text.charAt(index) === ")" && --depth === 0 && index < text.length - 1) return text;
  }
  return withoutParentheses(text.slice(1, -1));
}
