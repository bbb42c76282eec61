// What programs send with some values: a text, other JSON, or messages one by one.

import { compile, type Insertions } from "./compile";
import { element } from "./dialogs";
import { type Entry, fillEntry, isObject, type Json, placeholderName, type Template, templatePieces, textsOf } from "./templates";
import { type Piece, piecesOf } from "./variables";
import { visible } from "./visible";

const MAX_SHOWN = 200_000;

export class Result {
  private readonly messages = element("div", { hidden: true });

  constructor(private readonly plain: HTMLElement) {
    plain.after(this.messages);
  }

  show(text: string, template: Template, insertions: Insertions): void {
    const isChat = template.kind === "chat";
    this.plain.hidden = isChat;
    this.messages.hidden = !isChat;
    this.messages.replaceChildren(...template.chat.flatMap((entry) => shownEntry(entry, insertions)));
    this.plain.replaceChildren(...(isChat ? [] : drawn(templatePieces(text, insertions.texts, insertions.declared))));
  }
}

// The whole result as it is copied: a text, or JSON.
export function resultText(text: string, template: Template, insertions: Insertions): string {
  const compiled = compile(text, template, insertions);
  return typeof compiled === "string" ? compiled : JSON.stringify(compiled, null, 2);
}

function shownEntry(entry: Entry, { texts, messages, declared }: Insertions): HTMLElement[] {
  const name = placeholderName(entry);
  if (!name) {
    return shownMessage(entry, fillEntry(entry, texts), (text) => piecesOf(text, texts, declared));
  }
  const put = messages.get(name);
  return put
    ? put.flatMap((each) => shownMessage(each, each, (text) => [{ text, isValue: true }]))
    : [heading(`placeholder ${name}`), element("p", { className: "hint" }, "Programs put messages here.")];
}

function shownMessage(entry: Entry, filled: Entry, piecesOfText: (text: string) => Piece[]): HTMLElement[] {
  const role = String(entry["role"]);
  const texts = contentTexts(entry["content"] ?? null);
  const pieces = texts.flatMap((text, at) => [...(at ? [{ text: "\n\n" }] : []), ...piecesOfText(text)]);
  const { role: _role, content, ...others } = filled;
  const hasParts = Array.isArray(content) && content.some((part) => typeof part !== "string" && !isText(part));
  const rest: Entry = hasParts ? { content: content ?? null, ...others } : others;
  const shown = [heading(role)];
  if (texts.length || !Object.keys(rest).length) {
    shown.push(box(`Final text of the message of ${role}`, "prompt-text", drawn(pieces)));
  }
  if (Object.keys(rest).length) {
    shown.push(box(`What else the message of ${role} has`, "prompt-text quiet", visible(JSON.stringify(rest, null, 2).slice(0, MAX_SHOWN))));
  }
  return shown;
}

function isText(part: Json): boolean {
  return isObject(part) && Object.keys(part).every((key) => key === "type" || key === "text");
}

function heading(text: string): HTMLElement {
  return element("h4", { className: "role" }, ...visible(text));
}

function box(label: string, className: string, children: (Node | string)[]): HTMLElement {
  const shown = element("pre", { className, tabIndex: 0, dir: "auto" }, ...children);
  shown.setAttribute("role", "group");
  shown.setAttribute("aria-label", label);
  return shown;
}

function drawn(pieces: Piece[]): (Node | string)[] {
  const shown: (Node | string)[] = [];
  let left = MAX_SHOWN;
  for (const { text, isValue, isVariable } of pieces) {
    const part = text.slice(0, left);
    left -= part.length;
    if (part) {
      const nodes = visible(part);
      shown.push(...(isValue ? [element("mark", {}, ...nodes)] : isVariable ? [element("span", { className: "variable" }, ...nodes)] : nodes));
    }
  }
  return left > 0 ? shown : [...shown, element("span", { className: "left-out" }, "… the rest is not shown; copy the result to get it all")];
}

// The texts of parts, and of a picture its address, without the names of kinds.
function contentTexts(content: Json): string[] {
  const parts = Array.isArray(content) ? content : [content];
  return parts.flatMap((part) => (typeof part === "object" && part !== null && "type" in part ? textsOf({ ...part, type: null }) : textsOf(part)));
}
