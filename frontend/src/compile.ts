// A prompt with values in it, as the client library compiles it. tests/vectors/values.json checks both.

import { type Entry, fillChat, fillTemplate, type Json, type Template } from "./templates";
import { type Contract, textOfValue, withDefaults } from "./values";
import type { Declared, Values } from "./variables";

// Texts in the place of variables, and messages in that of placeholders. `declared` are the names that count.
export type Insertions = { texts: Values; messages: ReadonlyMap<string, Entry[]>; declared: Declared };

export function insertionsOf(template: Template, variables: Contract, given: ReadonlyMap<string, Json>): Insertions {
  const values = withDefaults(variables, given);
  const placed = template.placeholders.filter((name) => values.has(name));
  return {
    texts: new Map([...values].map(([name, value]) => [name, textOfValue(value)])),
    messages: new Map(placed.map((name) => [name, values.get(name) as Entry[]])),
    declared: new Set(variables.keys()),
  };
}

// Variables and placeholders without a value stay.
export function compile(text: string, template: Template, { texts, messages }: Insertions): string | Entry[] {
  return template.kind === "chat" ? fillChat(template.chat, texts, messages) : fillTemplate(text, texts);
}
