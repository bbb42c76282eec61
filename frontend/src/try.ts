// "Try it": a field for each variable of the text, and the text as programs would send it.

import { element } from "./dialogs";
import { VARIABLE, variablesOf } from "./variables";

const PAUSE = 150;
const MOST_VARIABLES = 50;
const MOST_SHOWN = 200_000;

export function startTrying(): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-try]")) {
    const source = section.closest("form")?.querySelector("textarea") ?? document.querySelector("[data-try-source]");
    const values = section.querySelector<HTMLElement>("[data-try-values]");
    const result = section.querySelector<HTMLElement>("[data-try-result]");
    if (source && values && result) {
      new Trial(section, source, values, result);
    }
  }
}

class Trial {
  private readonly fields = new Map<string, HTMLTextAreaElement>();
  private timer = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly source: Element,
    private readonly values: HTMLElement,
    private readonly result: HTMLElement,
  ) {
    values.classList.add("values");
    source.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), PAUSE);
    });
    // What one tries with is no part of the form around it.
    values.addEventListener("input", (event) => {
      event.stopPropagation();
      this.showResult();
    });
    this.show();
  }

  private text(): string {
    return this.source instanceof HTMLTextAreaElement ? this.source.value : (this.source.textContent ?? "");
  }

  private show(): void {
    const names = variablesOf(this.text()).slice(0, MOST_VARIABLES);
    this.section.hidden = names.length === 0;
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

  private showResult(): void {
    const text = this.text().slice(0, MOST_SHOWN);
    const parts: (Node | string)[] = [];
    let end = 0;
    for (const found of text.matchAll(VARIABLE)) {
      const value = this.fields.get(found[1] ?? "")?.value;
      parts.push(text.slice(end, found.index), value ? element("mark", {}, value) : element("span", { className: "variable" }, found[0]));
      end = found.index + found[0].length;
    }
    this.result.replaceChildren(...parts, text.slice(end));
  }
}
