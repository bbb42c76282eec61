// Fields for the values of variables: each by its type, all of them found by a filter, a hundred at a time.

import { element } from "./dialogs";
import type { Json } from "./templates";
import { type Contract, type Problem, readValue, textOfValue, type Variable } from "./values";

const AT_ONCE = 100;
const FILTERED_FROM = 10;
const MAX_ROWS = 12;
const MAX_SAMPLE = 60;

type Control = HTMLTextAreaElement | HTMLInputElement | HTMLSelectElement;

let count = 0;

export class Fields {
  private readonly filter = element("input", { type: "text", id: `try-filter-${++count}`, autocomplete: "off", spellcheck: false });
  private readonly filterField = element("div", { className: "field", hidden: true });
  private readonly list = element("div", { className: "values" });
  private readonly rest = element("p", { className: "hint", hidden: true });
  private readonly more = element("button", { type: "button", className: "button", hidden: true });
  private readonly fields = new Map<string, Field>();
  private variables: Contract = new Map();
  private shown = AT_ONCE;

  constructor(host: HTMLElement, onChange: () => void) {
    this.filterField.append(element("label", { htmlFor: this.filter.id }, "Filter variables"), this.filter);
    host.append(this.filterField, this.list, this.rest, this.more);
    // The fields are no part of the form around them: it neither sends them, nor checks them, nor is sent by Enter in one of them.
    this.filter.setAttribute("form", "");
    host.addEventListener("input", (event) => {
      event.stopPropagation();
      if (event.target === this.filter) {
        this.shown = AT_ONCE;
        this.arrange();
      } else {
        onChange();
      }
    });
    this.more.addEventListener("click", () => this.showMore());
  }

  show(variables: Contract): void {
    this.variables = variables;
    for (const [name, field] of this.fields) {
      const variable = variables.get(name);
      if (!variable || !field.isFor(variable)) {
        this.fields.delete(name);
      }
    }
    this.filterField.hidden = variables.size < FILTERED_FROM;
    this.arrange();
  }

  // The values that are given. A variable whose field was never shown has its default or its first example.
  given(): ReadonlyMap<string, Json> {
    const found = new Map<string, Json>();
    for (const variable of this.variables.values()) {
      const field = this.fields.get(variable.name);
      const value = field ? field.value(variable) : readValue(variable, initialText(variable));
      if (value !== undefined) {
        found.set(variable.name, value);
      }
    }
    return found;
  }

  // Of what is missing the result tells; a field says what is wrong with its own value.
  tell(problems: Problem[], given: ReadonlyMap<string, Json>): void {
    const sentences = new Map(problems.flatMap(({ names, sentence }) => names.map((name) => [name, sentence])));
    for (const [name, field] of this.fields) {
      field.tell(given.has(name) ? (sentences.get(name) ?? "") : "");
    }
  }

  private matching(): Variable[] {
    const wanted = this.filter.value.trim().toLowerCase();
    const all = [...this.variables.values()];
    return wanted && !this.filterField.hidden
      ? all.filter(({ name, description }) => name.toLowerCase().includes(wanted) || description.toLowerCase().includes(wanted))
      : all;
  }

  private arrange(): void {
    const matching = this.matching();
    const fields = matching.slice(0, this.shown).map((variable) => this.fieldFor(variable).element);
    if (fields.length !== this.list.childElementCount || fields.some((field, at) => field !== this.list.children[at])) {
      this.list.replaceChildren(...fields);
    }
    const left = matching.length - fields.length;
    this.rest.hidden = !this.variables.size || (left === 0 && matching.length === this.variables.size);
    this.rest.textContent = `Shown are ${fields.length} of ${this.variables.size} variables.`;
    this.more.hidden = left === 0;
    this.more.textContent = `Show ${Math.min(left, AT_ONCE)} more`;
  }

  private showMore(): void {
    const first = this.list.childElementCount;
    this.shown += AT_ONCE;
    this.arrange();
    this.list.children[first]?.querySelector<HTMLElement>("textarea, input, select")?.focus();
  }

  private fieldFor(variable: Variable): Field {
    const found = this.fields.get(variable.name) ?? new Field(variable);
    this.fields.set(variable.name, found);
    return found;
  }
}

class Field {
  readonly element: HTMLElement;
  private readonly id = `try-${++count}`;
  private readonly signature: string;
  private readonly control: Control;
  private readonly problem = element("p", { className: "problem", id: `${this.id}-problem`, hidden: true });

  constructor(variable: Variable) {
    this.signature = JSON.stringify(variable);
    this.control = controlFor(variable);
    this.control.id = this.id;
    this.control.dataset["variable"] = variable.name;
    this.control.setAttribute("form", "");
    this.control.addEventListener("input", () => this.grow());
    const hint = element("p", { className: "hint", id: `${this.id}-hint`, dir: "auto" }, describe(variable));
    hint.hidden = !hint.textContent;
    this.control.setAttribute("aria-describedby", `${this.problem.id}${hint.hidden ? "" : ` ${hint.id}`}`);
    const label = element("label", { htmlFor: this.id }, variable.name);
    this.element = element("div", { className: "field" }, label, this.control, this.problem, hint, ...this.examplesOf(variable));
    this.grow();
  }

  isFor(variable: Variable): boolean {
    return JSON.stringify(variable) === this.signature;
  }

  value(variable: Variable): Json | undefined {
    if (this.control instanceof HTMLSelectElement) {
      return this.control.value === "" ? undefined : (JSON.parse(this.control.value) as Json);
    }
    // Of what is no number, browsers do not return the text.
    return this.control.validity.badInput ? "" : readValue(variable, this.control.value);
  }

  tell(sentence: string): void {
    if (this.problem.textContent !== sentence) {
      this.problem.textContent = sentence;
      this.problem.hidden = sentence === "";
      this.control.setAttribute("aria-invalid", String(sentence !== ""));
    }
  }

  private grow(): void {
    if (this.control instanceof HTMLTextAreaElement) {
      this.control.rows = Math.min(MAX_ROWS, this.control.value.split("\n").length);
    }
  }

  private examplesOf(variable: Variable): HTMLElement[] {
    const texts = variable.examples.map(textOfValue);
    if (this.control instanceof HTMLSelectElement || texts.length < (variable.initial === undefined ? 2 : 1)) {
      return [];
    }
    const options = texts.map((text, at) => element("option", { value: String(at) }, shortened(text)));
    const select = element("select", { className: "examples" }, element("option", { value: "" }, "Examples"), ...options);
    select.setAttribute("aria-label", `Examples for ${variable.name}`);
    select.setAttribute("form", "");
    select.addEventListener("input", () => {
      this.control.value = texts[Number(select.value)] ?? "";
      select.value = "";
      this.grow();
    });
    return [select];
  }
}

function controlFor(variable: Variable): Control {
  if (variable.choices || variable.type === "boolean") {
    const choices = variable.choices ?? [true, false];
    const options = choices.map((choice) => element("option", { value: JSON.stringify(choice) }, shortened(textOfValue(choice)) || "(empty)"));
    const select = element("select", {}, element("option", { value: "" }, "No value"), ...options);
    const initial = variable.initial ?? variable.examples[0];
    select.value = initial === undefined ? "" : JSON.stringify(initial);
    return select;
  }
  if (variable.type === "number" || variable.type === "integer") {
    const step = variable.type === "integer" ? "1" : "any";
    return element("input", { type: "number", step, value: initialText(variable), placeholder: defaultText(variable) });
  }
  const isText = variable.type === "string";
  return element("textarea", { value: initialText(variable), placeholder: defaultText(variable), spellcheck: false, dir: isText ? "auto" : "ltr" });
}

function initialText(variable: Variable): string {
  const initial = variable.initial ?? variable.examples[0];
  return initial === undefined ? "" : textOfValue(initial);
}

function defaultText(variable: Variable): string {
  return variable.initial === undefined ? "" : shortened(textOfValue(variable.initial));
}

function describe(variable: Variable): string {
  const kinds: Partial<Record<Variable["type"], string>> = {
    number: "A number",
    integer: "A whole number",
    array: "A JSON array",
    object: "A JSON object",
    messages: "A JSON list of messages",
  };
  const optional = variable.isRequired && variable.initial === undefined ? "" : "optional";
  const kind = [kinds[variable.type], optional].filter(Boolean).join(", ");
  return [variable.description, kind && `${kind.charAt(0).toUpperCase()}${kind.slice(1)}.`].filter(Boolean).join(" ");
}

function shortened(text: string): string {
  return text.length > MAX_SAMPLE ? `${text.slice(0, MAX_SAMPLE)}…` : text;
}
