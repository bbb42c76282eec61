// "Try it": a field for each variable, and what programs send with these values: a text, or messages that stay valid JSON.

import { element } from "./dialogs";
import { VARIABLE, variablesOf } from "./variables";

const PAUSE = 150;
const MAX_VARIABLES = 50;
const MAX_SHOWN = 200_000;

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Message = { role: string; content: Json } & { [key: string]: Json };

export function startTrying(): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-try]")) {
    const source =
      section.querySelector<HTMLInputElement>("[data-try-source]") ?? section.closest("form")?.querySelector("textarea");
    const values = section.querySelector<HTMLElement>("[data-try-values]");
    const result = section.querySelector<HTMLElement>("[data-try-result]");
    if (source && values && result) {
      new Trial(section, source, values, result);
    }
  }
}

class Trial {
  private readonly fields = new Map<string, HTMLTextAreaElement>();
  private readonly rest = element("p", { className: "hint", hidden: true });
  private readonly messages = element("div", { hidden: true });
  private timer = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly source: HTMLInputElement | HTMLTextAreaElement,
    private readonly values: HTMLElement,
    private readonly result: HTMLElement,
  ) {
    values.classList.add("values");
    values.after(this.rest, this.messages);
    const onChange = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), PAUSE);
    };
    source.addEventListener("input", onChange);
    source.form?.querySelector("select[data-format]")?.addEventListener("change", onChange);
    // What one tries with is no part of the form around it.
    values.addEventListener("input", (event) => {
      event.stopPropagation();
      this.showResult();
    });
    this.show();
  }

  private isJson(): boolean {
    const format = this.source.form?.querySelector<HTMLSelectElement>("select[data-format]")?.value;
    return (format ?? this.source.dataset["tryFormat"]) === "json";
  }

  // The JSON that is written, `undefined` while it is none.
  private json(): Json | undefined {
    try {
      return JSON.parse(this.source.value) as Json;
    } catch {
      return undefined;
    }
  }

  private names(): string[] {
    if (!this.isJson()) {
      return variablesOf(this.source.value);
    }
    const found: string[] = [];
    mapTexts(this.json() ?? null, (text) => {
      found.push(...variablesOf(text));
      return text;
    });
    return [...new Set(found)];
  }

  private show(): void {
    const all = this.names();
    const names = all.slice(0, MAX_VARIABLES);
    this.section.hidden = names.length === 0;
    this.rest.hidden = all.length === names.length;
    this.rest.textContent = `Shown are ${names.length} of ${all.length} variables. The others stay unchanged.`;
    const shown = [...this.values.querySelectorAll("textarea")].map((field) => field.dataset["variable"]);
    if (names.join("\n") !== shown.join("\n")) {
      this.values.replaceChildren(...names.map((name) => this.fieldFor(name)));
    }
    this.showResult();
  }

  private fieldFor(name: string): HTMLElement {
    const field = this.fields.get(name) ?? element("textarea", { id: `try-${name}`, rows: 1, spellcheck: false });
    field.dataset["variable"] = name;
    this.fields.set(name, field);
    return element("div", { className: "field" }, element("label", { htmlFor: field.id }, name), field);
  }

  private valueOf(name: string): string {
    return this.fields.get(name)?.value ?? "";
  }

  private showResult(): void {
    const value = this.isJson() ? this.json() : undefined;
    const chat = value !== undefined && isChat(value) ? value : [];
    this.messages.hidden = chat.length === 0;
    this.messages.replaceChildren(...chat.flatMap((message) => this.messageOf(message)));
    if (value === undefined) {
      this.result.replaceChildren(...this.marked(this.source.value.slice(0, MAX_SHOWN)));
    } else {
      this.result.textContent = JSON.stringify(mapTexts(value, (text) => this.filled(text)), null, 2).slice(0, MAX_SHOWN);
    }
  }

  private messageOf(message: Message): HTMLElement[] {
    const texts: string[] = [];
    mapTexts([message], (text) => {
      texts.push(text);
      return text;
    });
    const shown = element("pre", { className: "prompt-text", tabIndex: 0 }, ...this.marked(texts.join("\n\n").slice(0, MAX_SHOWN)));
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", `Final text of the message of ${message.role}`);
    return [element("h3", { className: "role" }, message.role), shown];
  }

  private filled(text: string): string {
    return text.replace(VARIABLE, (found, name: string) => this.valueOf(name) || found);
  }

  private marked(text: string): (Node | string)[] {
    const parts: (Node | string)[] = [];
    let end = 0;
    for (const found of text.matchAll(VARIABLE)) {
      const value = this.valueOf(found[1] ?? "");
      parts.push(text.slice(end, found.index), value ? element("mark", {}, value) : element("span", { className: "variable" }, found[0]));
      end = found.index + found[0].length;
    }
    return [...parts, text.slice(end)];
  }
}

function isChat(value: Json): value is Message[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

function isMessage(value: Json): value is Message {
  return typeof value === "object" && value !== null && !Array.isArray(value) && typeof value["role"] === "string" && "content" in value;
}

// Replace the texts of a value: of messages what they say, of anything else every text. Roles, keys and types stay.
function mapTexts(value: Json, change: (text: string) => string): Json {
  if (isChat(value)) {
    return value.map((message) => ({ ...message, content: mapContent(message.content, change) }));
  }
  return mapAll(value, change);
}

function mapContent(content: Json, change: (text: string) => string): Json {
  if (!Array.isArray(content)) {
    return typeof content === "string" ? change(content) : content;
  }
  return content.map((part) =>
    typeof part === "object" && part !== null && !Array.isArray(part) && typeof part["text"] === "string"
      ? { ...part, text: change(part["text"]) }
      : part,
  );
}

function mapAll(value: Json, change: (text: string) => string): Json {
  if (typeof value === "string") {
    return change(value);
  }
  if (Array.isArray(value)) {
    return value.map((each) => mapAll(each, change));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapAll(each, change)]));
  }
  return value;
}
