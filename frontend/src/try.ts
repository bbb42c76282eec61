// "Try it": a field for each variable, and what programs send with these values: a text, or messages that stay valid JSON.

import { element } from "./dialogs";
import { type Entry, fillChat, fillTemplate, type Json, placeholderName, readTemplate, textsOf } from "./templates";
import { type Declared, declaredBy, VARIABLE, type Values } from "./variables";

const PAUSE = 150;
const MAX_VARIABLES = 50;
const MAX_SHOWN = 200_000;

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
  private readonly declared: Declared;
  private timer = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly source: HTMLInputElement | HTMLTextAreaElement,
    private readonly values: HTMLElement,
    private readonly result: HTMLElement,
  ) {
    this.declared = declaredBy(section.dataset["tryDeclared"]);
    values.classList.add("values");
    values.after(this.rest, this.messages);
    const onChange = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), PAUSE);
    };
    source.addEventListener("input", onChange);
    // What one tries with is no part of the form around it.
    values.addEventListener("input", (event) => {
      event.stopPropagation();
      this.showResult();
    });
    this.show();
  }

  private show(): void {
    const all = readTemplate(this.source.value, this.declared).variables;
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

  private given(): Values {
    return new Map([...this.fields].map(([name, field]) => [name, field.value] as const).filter(([, value]) => value !== ""));
  }

  private showResult(): void {
    const text = this.source.value;
    const values = this.given();
    const { kind, chat } = readTemplate(text);
    this.messages.hidden = kind !== "chat";
    this.messages.replaceChildren(...chat.flatMap((entry) => this.entryOf(entry, values)));
    if (kind === "text") {
      this.result.replaceChildren(...marked(text.slice(0, MAX_SHOWN), values, this.declared));
    } else {
      const filled = kind === "chat" ? JSON.stringify(fillChat(chat, values), null, 2) : fillTemplate(text, values);
      this.result.textContent = filled.slice(0, MAX_SHOWN);
    }
  }

  private entryOf(entry: Entry, values: Values): HTMLElement[] {
    const name = placeholderName(entry);
    const role = name ? `placeholder ${name}` : String(entry["role"]);
    const heading = element("h3", { className: "role" }, role);
    if (name) {
      return [heading, element("p", { className: "hint" }, "Programs put messages here.")];
    }
    const texts = contentTexts(entry["content"] ?? null).join("\n\n");
    const shown = element("pre", { className: "prompt-text", tabIndex: 0 }, ...marked(texts.slice(0, MAX_SHOWN), values, this.declared));
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", `Final text of the message of ${role}`);
    return [heading, shown];
  }
}

function marked(text: string, values: Values, declared: Declared): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(VARIABLE)) {
    const name = found[1] ?? "";
    if (declared && !declared.has(name)) {
      continue;
    }
    const value = values.get(name);
    parts.push(text.slice(end, found.index), value ? element("mark", {}, value) : element("span", { className: "variable" }, found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

// The texts of parts, and of a picture its address, without the names of kinds.
function contentTexts(content: Json): string[] {
  const parts = Array.isArray(content) ? content : [content];
  return parts.flatMap((part) => (typeof part === "object" && part !== null && "type" in part ? textsOf({ ...part, type: null }) : textsOf(part)));
}
