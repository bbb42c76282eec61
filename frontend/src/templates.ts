// Prompts as programs get them: a text, a chat, or other JSON, with variables and placeholders.
//
// The rule is that of promptuary.model.templates; tests/vectors/templates.json checks both.

import { type Declared, fillIn, type Values, variablesOf } from "./variables";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Entry = { [key: string]: Json };
export type Template = { kind: "text" | "chat" | "json"; chat: Entry[]; variables: string[]; placeholders: string[] };

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?/g;

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

// A text that is JSON stays JSON: values are written as JSON writes them, and keys of objects have no variables.
export function fillTemplate(text: string, values: Values): string {
  return parsed(text) === undefined ? fillIn(text, values) : text.replace(STRING, (found, colon?: string) => filledString(found, colon, values));
}

// Of a message, only its content has variables.
export function fillChat(chat: Entry[], values: Values): Entry[] {
  return chat.map((entry) =>
    "role" in entry && "content" in entry ? { ...entry, content: mapTexts(entry["content"] ?? null, (text) => fillIn(text, values)) } : entry,
  );
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

function isMessage(value: Json): boolean {
  if (!isObject(value) || typeof value["role"] !== "string") {
    return false;
  }
  const content = value["content"] ?? null;
  if (content === null) {
    return Array.isArray(value["tool_calls"]);
  }
  return typeof content === "string" || (Array.isArray(content) && content.every((part) => typeof part === "string" || isObject(part)));
}

function isObject(value: Json | undefined): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function namesIn(texts: string[], declared: Declared): string[] {
  return [...new Set(texts.flatMap((text) => variablesOf(text, declared)))];
}

function filledString(found: string, colon: string | undefined, values: Values): string {
  if (colon !== undefined) {
    return found;
  }
  const text = JSON.parse(found) as string;
  const filled = fillIn(text, values);
  return filled === text ? found : JSON.stringify(filled);
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
