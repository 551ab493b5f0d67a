/** Paragraphs beside a first column, each wrapped to the width; the first starts on its line. */
export function hanging(first: string, column: number, paragraphs: readonly string[], width: number): string[] {
  const lines = paragraphs.flatMap((paragraph) => wrapped(paragraph, Math.max(20, width - column)));
  return lines.map((line, index) => (index === 0 ? `${first}${line}` : `${" ".repeat(column)}${line}`).trimEnd());
}

/** Breaks at spaces. A word that is longer than a line stays whole, because it is something to copy. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** 80 columns at most: longer lines are harder to read. */
export function lineWidth(): number {
  return Math.min(80, process.stdout.columns ?? 80);
}
