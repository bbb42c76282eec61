// Prompts as programs get them: a text, a chat, or other JSON, with variables and placeholders.
//
// The rule is that of promptuary.model.templates; tests/vectors/templates.json checks both.

import { type Declared, fillIn, type Piece, piecesOf, type Values, variablesOf } from "./variables";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Entry = { [key: string]: Json };
export type Template = { kind: "text" | "chat" | "json"; chat: Entry[]; variables: string[]; placeholders: string[] };

const STRING = /("[^"\\]*(?:\\.[^"\\]*)*")([ \t\r\n]*:)?/g;

export function readTemplate(text: string, declared?: Declared): Template {
  const value = parsed(text);
  if (value === undefined) {
    return { kind: "text", chat: [], variables: variablesOf(text, declared), placeholders: [] };
  }
  if (!isChat(value)) {
    return { kind: "json", chat: [], variables: namesIn(textsOf(value), declared), placeholders: [] };
  }
  const contents = value.flatMap((entry) => ("role" in entry ? textsOf(entry["content"] ?? null) : []));
  const placeholders = value.map(placeholderName).filter((name) => name !== "");
  return { kind: "chat", chat: value, variables: namesIn(contents, declared), placeholders: [...new Set(placeholders)] };
}

// The pieces of a text or of other JSON. JSON stays JSON: values are written as JSON writes them, and keys of objects have no variables.
export function templatePieces(text: string, values: Values, declared?: Declared): Piece[] {
  if (parsed(text) === undefined) {
    return piecesOf(text, values, declared);
  }
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(STRING)) {
    const inside = piecesOf(JSON.parse(`${found[1]}`) as string, values, declared);
    if (found[2] === undefined && inside.some((piece) => piece.isValue)) {
      pieces.push({ text: `${text.slice(end, found.index)}"` }, ...inside.map(escaped), { text: '"' });
      end = found.index + found[0].length;
    } else if (found[2] === undefined && inside.length > 1) {
      pieces.push({ text: text.slice(end, found.index) }, ...piecesOf(found[0], values, declared));
      end = found.index + found[0].length;
    }
  }
  return [...pieces, { text: text.slice(end) }];
}

export function fillTemplate(text: string, values: Values): string {
  return templatePieces(text, values)
    .map((piece) => piece.text)
    .join("");
}

// Of a message, only its content has variables. A placeholder with messages is replaced by them, one without stays.
export function fillChat(chat: Entry[], values: Values, messages: ReadonlyMap<string, Entry[]> = new Map()): Entry[] {
  return chat.flatMap((entry) => messages.get(placeholderName(entry)) ?? [fillEntry(entry, values)]);
}

export function fillEntry(entry: Entry, values: Values): Entry {
  return "role" in entry && "content" in entry
    ? { ...entry, content: mapTexts(entry["content"] ?? null, (text) => fillIn(text, values)) }
    : entry;
}

export function placeholderName(entry: Entry): string {
  if ("role" in entry) {
    return "";
  }
  const name = entry["type"] === "placeholder" ? entry["name"] : entry["placeholder"];
  return typeof name === "string" ? name : "";
}

export function textsOf(value: Json): string[] {
  if (typeof value === "string") {
    return [value];
  }
  if (Array.isArray(value)) {
    return value.flatMap(textsOf);
  }
  return isObject(value) ? Object.values(value).flatMap(textsOf) : [];
}

function parsed(text: string): Json | undefined {
  if (!/^[ \t\r\n]*[[{]/.test(text)) {
    return undefined;
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function isChat(value: Json): value is Entry[] {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => isMessage(entry) || (isObject(entry) && placeholderName(entry) !== ""));
}

export function isMessage(value: Json): boolean {
  if (!isObject(value) || typeof value["role"] !== "string") {
    return false;
  }
  const content = value["content"] ?? null;
  if (content === null) {
    return Array.isArray(value["tool_calls"]);
  }
  return typeof content === "string" || (Array.isArray(content) && content.every((part) => typeof part === "string" || isObject(part)));
}

export function isObject(value: Json | undefined): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function namesIn(texts: string[], declared: Declared): string[] {
  return [...new Set(texts.flatMap((text) => variablesOf(text, declared)))];
}

function escaped(piece: Piece): Piece {
  return { ...piece, text: JSON.stringify(piece.text).slice(1, -1) };
}

function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === "string") {
    return change(value);
  }
  if (Array.isArray(value)) {
    return value.map((each) => mapTexts(each, change));
  }
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)])) : value;
}
