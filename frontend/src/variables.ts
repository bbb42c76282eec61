// Variables in a text: {{name}} or {{ name }}, of letters, marks and digits of any script, underscores, dots and hyphens.
//
// tests/vectors/variables.json checks this and the server.

export const VARIABLE = /\{\{[ \t]*([\p{L}\p{M}\p{N}_.-]+)[ \t]*\}\}/gu;

export type Values = ReadonlyMap<string, string>;

// The names that a version declares: then only these are variables.
export type Declared = ReadonlySet<string> | undefined;

export function variablesOf(text: string, declared?: Declared): string[] {
  const found = new Set(Array.from(text.matchAll(VARIABLE), (match) => match[1] ?? ""));
  return [...found].filter((name) => !declared || declared.has(name));
}

export function declaredBy(names: string | undefined): Declared {
  return names === undefined ? undefined : new Set(JSON.parse(names) as string[]);
}

// A part of a text: as it is written, a variable without a value, or a value in the place of one.
export type Piece = { text: string; isVariable?: true; isValue?: true };

export function piecesOf(text: string, values: Values, declared?: Declared): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(VARIABLE)) {
    const name = found[1] ?? "";
    if (declared && !declared.has(name)) {
      continue;
    }
    const value = values.get(name);
    pieces.push({ text: text.slice(end, found.index) }, value === undefined ? { text: found[0], isVariable: true } : { text: value, isValue: true });
    end = found.index + found[0].length;
  }
  return [...pieces, { text: text.slice(end) }];
}

export function fillIn(text: string, values: Values): string {
  return text.replace(VARIABLE, (found, name: string) => values.get(name) ?? found);
}
