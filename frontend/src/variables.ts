// Variables in a text: {{name}} or {{ name }}, of letters, marks and digits of any script, underscores, dots and hyphens.
//
// tests/vectors/variables.json checks this and the server.

export const VARIABLE = /\{\{[ \t]*([\p{L}\p{M}\p{N}_.-]+)[ \t]*\}\}/gu;

export type Values = ReadonlyMap<string, string>;

export function variablesOf(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(VARIABLE), (found) => found[1] ?? ""))];
}

export function fillIn(text: string, values: Values): string {
  return text.replace(VARIABLE, (found, name: string) => values.get(name) ?? found);
}
