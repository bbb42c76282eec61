// Variables in a prompt: {{name}}, of letters, digits, underscores, dots and hyphens, without spaces; as clients replace them.

export const VARIABLE = /\{\{([\p{L}\p{N}_.-]+)\}\}/gu;

export function variablesOf(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(VARIABLE), (found) => found[1] ?? ""))];
}
