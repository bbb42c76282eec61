// Entries of a chat as cards: a role and a text to write in, or the name of a placeholder, and everything else as JSON.
//
// The rule is that of promptuary.web.prompts.chat_cards; tests/vectors/chat_cards.json checks both. Here entries are JSON texts, in
// which a change replaces the value that was changed and nothing else.

import { itemsOf, type Member, membersOf } from "./json-text";
import { type Entry, isMessage, type Json, placeholderName } from "./templates";

// As many as readers see one by one: promptuary.model.chats.MAX_READABLE.
export const MAX_CARDS = 500;

// `text` is null for a message whose content is a list of parts, which is in `rest`; `placeholder` is null for messages.
export interface Card {
  readonly role: string;
  readonly text: string | null;
  readonly rest: string;
  readonly placeholder: string | null;
}

export class Refused extends Error {}

// Return the entries of a text that is the JSON of a chat, as they are written. Raises Refused with the reason.
export function entriesOf(text: string): string[] {
  const value = parsed(text, "This is not valid JSON. Correct it before you show the messages");
  if (!Array.isArray(value) || value.length === 0) {
    throw new Refused("This JSON is not a chat: it must be a list of messages in square brackets.");
  }
  const place = value.findIndex((entry) => !isMessage(entry) && !(isObject(entry) && placeholderName(entry)));
  if (place >= 0) {
    throw new Refused(
      `This JSON is not a chat: entry ${place + 1} is neither a message with a role and a content nor a placeholder with a name.`,
    );
  }
  if (value.length > MAX_CARDS) {
    throw new Refused(`A chat of more than ${MAX_CARDS} messages is edited as JSON.`);
  }
  return itemsOf(text);
}

export function chatOf(entries: readonly string[]): string {
  return `[\n  ${entries.join(",\n  ")}\n]`;
}

export function newMessage(role: string, text = ""): string {
  return written([
    { key: "role", raw: JSON.stringify(role) },
    { key: "content", raw: JSON.stringify(text) },
  ]);
}

export function newPlaceholder(name: string): string {
  return written([
    { key: "type", raw: '"placeholder"' },
    { key: "name", raw: JSON.stringify(name) },
  ]);
}

export function isPlain(card: Card): boolean {
  return card.placeholder === null && card.text !== null && !card.rest.trim();
}

export function cardOf(raw: string): Card {
  const entry = JSON.parse(raw) as Entry;
  const name = placeholderName(entry);
  if (name) {
    const shown = entry["type"] === "placeholder" ? ["type", "name"] : ["placeholder"];
    return { role: "", text: null, rest: restOf(raw, shown), placeholder: name };
  }
  const content = entry["content"] ?? null;
  const isText = content === null || typeof content === "string";
  return {
    role: entry["role"] as string,
    text: isText ? (content ?? "") : null,
    rest: restOf(raw, isText ? ["role", "content"] : ["role"]),
    placeholder: null,
  };
}

// Return the JSON of the entry that a card describes; `before` is that of the entry which it was made from. Raises Refused.
export function entryOf(card: Card, before: string): string {
  const shown = cardOf(before);
  if (card.role === shown.role && card.text === shown.text && card.rest === shown.rest && card.placeholder === shown.placeholder) {
    return before;
  }
  const known = new Map(membersOf(before).map((member) => [member.key, member]));
  const rest = card.rest === shown.rest ? restMembers(known, shown) : readRest(card.rest);
  const fields = card.placeholder === null ? messageFields(card, shown, known, rest) : placeholderFields(card.placeholder, known, rest);
  const twice = fields.find(({ key }) => rest.some((other) => other.key === key));
  if (twice) {
    throw new Refused(`'${twice.key}' is also in the other fields; keep one of them.`);
  }
  const values = new Map([...fields, ...rest].map((member) => [member.key, member]));
  const order = [...[...known.keys()].filter((key) => values.has(key)), ...[...values.keys()].filter((key) => !known.has(key))];
  const entry = written(order.flatMap((key) => values.get(key) ?? []));
  if (card.placeholder === null && !isMessage(JSON.parse(entry) as Json)) {
    throw new Refused("The content must be a text, a list of parts, or null beside tool_calls.");
  }
  return entry;
}

// Return what a card holds as JSON that is not valid where its other fields are not: nothing that was typed is lost.
export function unfinishedEntry(card: Card): string {
  const fields =
    card.placeholder === null
      ? [`"role": ${JSON.stringify(card.role)}`, ...(card.text ? [`"content": ${JSON.stringify(card.text)}`] : [])]
      : ['"type": "placeholder"', `"name": ${JSON.stringify(card.placeholder)}`];
  const inner = card.rest.trim().replace(/^\{/, "").replace(/\}$/, "").trim();
  return `{\n    ${[...fields, ...(inner ? [indented(inner)] : [])].join(",\n    ")}\n  }`;
}

function placeholderFields(name: string, known: ReadonlyMap<string, Member>, rest: readonly Member[]): Member[] {
  if (!name.trim()) {
    throw new Refused("The placeholder needs a name.");
  }
  if (rest.some(({ key }) => key === "role")) {
    throw new Refused("A placeholder has no role.");
  }
  const type = known.get("type")?.raw;
  const isShort = known.has("placeholder") && (type === undefined || JSON.parse(type) !== "placeholder");
  const raw = JSON.stringify(name);
  return isShort ? [{ key: "placeholder", raw }] : [{ key: "type", raw: type ?? '"placeholder"' }, { key: "name", raw }];
}

function messageFields(card: Card, shown: Card, known: ReadonlyMap<string, Member>, rest: readonly Member[]): Member[] {
  if (!card.role.trim()) {
    throw new Refused("The message needs a role.");
  }
  const role = { key: "role", raw: card.role === shown.role ? (known.get("role")?.raw ?? "") : JSON.stringify(card.role) };
  const before = known.get("content");
  const text = card.text ?? "";
  const hasContent = rest.some(({ key }) => key === "content");
  const wasText = before?.raw.startsWith('"') === true;
  const hasCalls = rest.some(({ key, raw }) => key === "tool_calls" && raw.startsWith("["));
  if (text || (!hasContent && (!hasCalls || wasText))) {
    return [role, { key: "content", raw: wasText && text === shown.text ? before.raw : JSON.stringify(text) }];
  }
  return !hasContent && before ? [role, { key: "content", raw: "null" }] : [role];
}

function restMembers(known: ReadonlyMap<string, Member>, shown: Card): Member[] {
  const type = known.get("type")?.raw;
  const isLong = type !== undefined && JSON.parse(type) === "placeholder";
  const fields = shown.placeholder === null ? ["role", ...(shown.text === null ? [] : ["content"])] : isLong ? ["type", "name"] : ["placeholder"];
  return [...known.values()].filter(({ key }) => !fields.includes(key));
}

function readRest(text: string): Member[] {
  if (!text.trim()) {
    return [];
  }
  if (!isObject(parsed(text, "The other fields are not valid JSON"))) {
    throw new Refused("The other fields must be a JSON object, in braces.");
  }
  return membersOf(text).map(({ key, raw }) => ({ key, raw: indented(raw) }));
}

function restOf(raw: string, shown: readonly string[]): string {
  const rest = membersOf(raw).filter(({ key }) => !shown.includes(key));
  return rest.length === 0 ? "" : `{\n${rest.map(({ key, raw: value }) => `  ${JSON.stringify(key)}: ${outdented(value)}`).join(",\n")}\n}`;
}

function written(members: readonly Member[]): string {
  return `{\n${members.map(({ key, raw }) => `    ${JSON.stringify(key)}: ${raw}`).join(",\n")}\n  }`;
}

// Line breaks stand between the parts of JSON only, never within its strings.
function indented(raw: string): string {
  return raw.replaceAll("\n", "\n  ");
}

function outdented(raw: string): string {
  return raw.replaceAll("\n  ", "\n");
}

function parsed(text: string, complaint: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Refused(`${complaint}: ${error instanceof Error ? error.message : ""}.`);
  }
}

function isObject(value: Json | undefined): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
