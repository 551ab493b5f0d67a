/** Lines of Triton and Python that say what went wrong, and those of programs that end with one sentence. */
const telling =
  /^(E\d{4} |error: |\[libprotobuf (ERROR|FATAL)|Traceback|\w*(Error|Exception): )|Failed to preinitialize Python stub|^\d{4}\/\d\d\/\d\d [\d:]+ (ERROR|CRITICAL|Failed)|^Signal \(\d+\)|\b(warning|error)\tenvoy|^\S+\t(warn|error|fatal)\t|terminate called|what\(\):|Out of memory|out of memory/;
/** What Triton says of every machine without a GPU or its tools, and of its own end. */
const noise = /CudaDriverHelper|pinned_memory_manager|Failed to initialize NVML|DCGM|NVML/;
/** A stack below a message, where the log has it on lines of its own. */
const below = /^(\s+\S|At:$|$)/;

const keptLines = 40;
const lastLines = 5;

/** The lines of a log that tell of a fault, oldest first, at most 40; without one, its last 5. Stacks are joined. */
export function tellingLines(text: string): string[] {
  const lines = text.split("\n");
  const told: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (!telling.test(line) || noise.test(line)) continue;
    let end = index + 1;
    while (end < lines.length && end - index < 12 && below.test(lines[end] ?? "")) end += 1;
    told.push(lines.slice(index, end).join("\n").trimEnd());
    index = end - 1;
  }
  const last = lines.filter((line) => line.trim() !== "").slice(-lastLines);
  return [...new Set(told.length > 0 ? told : last)].slice(-keptLines);
}
