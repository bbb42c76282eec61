// One card of a chat: a message or a placeholder. Its editor is made when it comes into view.

import type { EditorView } from "@codemirror/view";
import { type Card, cardOf, entryOf, Refused, unfinishedEntry } from "./chat-entries";
import { asJson, asText, attributesOf, heightOf, makeView } from "./code-view";
import { element } from "./dialogs";
import type { Declared } from "./variables";

const ROLES = ["system", "developer", "user", "assistant", "tool"];
const OTHER = "other";
const LINE = 90;
const MIN_ROWS = 2;
const MAX_ROWS = 24;

export interface Surroundings {
  readonly form: HTMLFormElement | null;
  readonly declared: Declared;
  readonly onChange: (card: ChatCard) => void;
}

export class ChatCard {
  readonly element = element("li", { className: "entry" });
  private readonly box = element("div", { className: "card" });
  private readonly legend = element("span", { className: "card-number" });
  private readonly text: LazyEditor;
  private readonly rest: LazyEditor;
  private readonly details: HTMLDetailsElement;
  private readonly problem = element("p", { className: "problem", hidden: true });
  private readonly role: HTMLSelectElement | null = null;
  private readonly name: HTMLInputElement;
  private shown: Card;

  constructor(
    private raw: string,
    around: Surroundings,
  ) {
    this.shown = cardOf(raw);
    const { role, text, rest, placeholder } = this.shown;
    const isMessage = placeholder === null;
    const onChange = (): void => {
      this.say("");
      around.onChange(this);
    };
    this.text = new LazyEditor(text ?? "", "Text of the message", asText, true, around, onChange);
    this.rest = new LazyEditor(rest, "Other fields, as JSON", asJson("object"), false, around, () => {
      this.showText();
      onChange();
    });
    this.name = this.lineField(isMessage ? role : placeholder, isMessage ? "Role, typed" : "Name of the placeholder", onChange);
    if (isMessage) {
      this.role = this.roleField(role, onChange);
    }
    this.details = element("details", { open: rest !== "", hidden: rest === "" }, element("summary", {}, "Other fields, as JSON"), this.rest.host);
    this.problem.setAttribute("role", "alert");
    this.box.setAttribute("role", "group");
    this.element.append(this.box);
    this.box.addEventListener("focusout", () => this.showText());
  }

  get isMessage(): boolean {
    return this.shown.placeholder === null;
  }

  // Description of the card for notices.
  get title(): string {
    const card = this.card;
    return card.placeholder === null ? `message of ${card.role || "no role"}` : `placeholder ${card.placeholder}`;
  }

  // Fill the card, with controls that belong to the list.
  fill(grip: HTMLElement, controls: HTMLElement): void {
    const head = element("div", { className: "card-head" }, grip, this.legend);
    head.append(...(this.isMessage && this.role ? [this.role, this.name] : [element("span", { className: "card-kind" }, "Placeholder"), this.name]), controls);
    this.box.append(head, this.problem, this.text.host, this.details);
    this.showText();
  }

  number(place: number, count: number): void {
    this.legend.textContent = String(place);
    this.box.setAttribute("aria-label", `${this.isMessage ? "Message" : "Placeholder"} ${place} of ${count}`);
  }

  focus(): void {
    if (!this.isMessage) {
      this.name.focus();
    } else if (this.text.host.hidden) {
      this.rest.focus();
    } else {
      this.text.focus();
    }
  }

  // Let go of the editors of a card that is not shown any more.
  dispose(): void {
    this.text.dispose();
    this.rest.dispose();
  }

  showOtherFields(): void {
    this.details.hidden = false;
    this.details.open = true;
    this.rest.focus();
  }

  // Return the JSON of the entry. What makes no entry yet is returned as it was typed.
  get json(): string {
    try {
      this.raw = entryOf(this.card, this.raw);
      this.shown = cardOf(this.raw);
      return this.raw;
    } catch (error) {
      if (error instanceof Refused) {
        return unfinishedEntry(this.card);
      }
      throw error;
    }
  }

  // Tell what is wrong with the card; return true if nothing is.
  check(): boolean {
    try {
      entryOf(this.card, this.raw);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      this.say(error.message);
      if (!this.name.value.trim()) {
        this.name.focus();
      } else {
        this.showOtherFields();
      }
      this.element.scrollIntoView({ block: "nearest" });
      return false;
    }
  }

  private get card(): Card {
    const isOther = this.role === null || this.role.value === OTHER;
    return {
      role: this.isMessage ? (isOther ? this.name.value : (this.role?.value ?? "")) : "",
      text: this.text.host.hidden ? null : this.text.value,
      rest: this.rest.value,
      placeholder: this.isMessage ? null : this.name.value,
    };
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === "";
    this.box.classList.toggle("is-invalid", text !== "");
  }

  // A content that is a list of parts is among the other fields, and there is no text.
  private showText(): void {
    this.text.host.hidden = !this.isMessage || (this.text.value === "" && hasContent(this.rest.value));
  }

  private roleField(role: string, onChange: () => void): HTMLSelectElement {
    const isKnown = ROLES.includes(role);
    const select = element("select", { className: "role" }, ...[...ROLES, OTHER].map((each) => element("option", { value: each }, each === OTHER ? "other …" : each)));
    select.setAttribute("aria-label", "Role");
    select.value = isKnown ? role : OTHER;
    this.name.hidden = isKnown;
    select.addEventListener("change", () => {
      const isTyped = select.value === OTHER;
      this.name.hidden = !isTyped;
      if (isTyped) {
        this.name.focus();
        this.name.select();
      } else {
        this.name.value = select.value;
      }
      onChange();
    });
    return select;
  }

  private lineField(value: string, label: string, onChange: () => void): HTMLInputElement {
    const field = element("input", { className: "role", type: "text", value, dir: "auto", autocomplete: "off", spellcheck: false });
    field.setAttribute("aria-label", label);
    field.setAttribute("autocapitalize", "none");
    field.addEventListener("input", onChange);
    return field;
  }
}

function hasContent(rest: string): boolean {
  if (!rest.includes('"content"')) {
    return false;
  }
  try {
    const value = JSON.parse(rest) as unknown;
    return typeof value === "object" && value !== null && "content" in value;
  } catch {
    return true;
  }
}

const coming = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        editors.get(target)?.make();
      }
    }
  },
  { rootMargin: "800px" },
);
const editors = new WeakMap<Element, LazyEditor>();

// An editor that takes no time before it comes into view. Until then its place has about its height.
class LazyEditor {
  readonly host = element("div", { className: "editor", tabIndex: 0 });
  private view: EditorView | undefined;

  constructor(
    private readonly text: string,
    private readonly label: string,
    private readonly language: typeof asText,
    private readonly isSpellChecked: boolean,
    private readonly around: Surroundings,
    private readonly onChange: () => void,
  ) {
    const rows = text.split("\n", MAX_ROWS).reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE)), 0);
    this.host.style.minHeight = heightOf(Math.max(MIN_ROWS, Math.min(rows, MAX_ROWS)) + 1);
    this.host.addEventListener("focus", () => this.focus());
    this.host.setAttribute("role", "group");
    this.host.setAttribute("aria-label", label);
    editors.set(this.host, this);
    coming.observe(this.host);
  }

  dispose(): void {
    coming.unobserve(this.host);
    this.view?.destroy();
  }

  get value(): string {
    return this.view?.state.sliceDoc() ?? this.text;
  }

  focus(): void {
    this.make().focus();
  }

  make(): EditorView {
    if (!this.view) {
      coming.unobserve(this.host);
      this.host.removeAttribute("tabindex");
      this.host.removeAttribute("role");
      this.host.removeAttribute("aria-label");
      this.view = makeView(this.host, {
        text: this.text,
        language: this.language,
        declared: this.isSpellChecked ? this.around.declared : new Set<string>(),
        form: this.around.form,
        attributes: attributesOf(this.label, this.isSpellChecked),
        rows: MIN_ROWS,
        onChange: this.onChange,
      });
      this.host.style.minHeight = "";
    }
    return this.view;
  }
}
