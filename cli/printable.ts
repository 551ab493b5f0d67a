// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const controls = /\u001b(?!\[[\d;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/**
 * A text without what moves the cursor, changes the terminal or hides a part of it: clusters, registries and programs
 * for credentials write parts of what is printed. Colours, line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(controls, "");
}
