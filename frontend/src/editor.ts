// An editor over a <textarea data-editor="prompt|json|list">. The textarea stays what the form sends, so all else works as without.

import { Compartment, type Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { asJson, asText, attributesOf, makeView } from "./code-view";
import { element } from "./dialogs";
import { PromptFormats } from "./formats";
import { declaredBy } from "./variables";

const PAUSE = 150;

export function startEditors(): void {
  for (const textarea of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-editor]")) {
    const editor = new Editor(textarea);
    const field = textarea.closest<HTMLElement>("[data-prompt]");
    const format = field?.querySelector<HTMLSelectElement>("select[data-format]");
    const writtenAs = field?.querySelector<HTMLInputElement>("[name=written_as]");
    if (field && format && writtenAs) {
      new PromptFormats(field, textarea, editor, format, writtenAs);
    }
  }
}

export class Editor {
  private readonly host = element("div", { className: "editor" });
  private readonly language = new Compartment();
  private made: EditorView | undefined;
  private readonly isRequired: boolean;
  private timer = 0;
  private isWriting = false;

  constructor(private readonly textarea: HTMLTextAreaElement) {
    this.host.hidden = textarea.hidden;
    this.host.classList.toggle("is-invalid", textarea.getAttribute("aria-invalid") === "true");
    this.isRequired = textarea.required;
    this.takePlace();
    this.follow();
  }

  // Made when it is first shown: a long text takes a while.
  private get view(): EditorView {
    const { textarea } = this;
    this.made ??= makeView(this.host, {
      text: textarea.value,
      language: this.language.of(this.chosenLanguage()),
      declared: declaredBy(textarea.dataset["declared"]),
      form: textarea.form,
      attributes: this.attributes(),
      rows: textarea.rows,
      onChange: () => this.onChange(),
    });
    return this.made;
  }

  // While others show the textarea in their own way, the editor neither shows nor follows it.
  set isShown(isShown: boolean) {
    this.host.hidden = !isShown;
    this.take();
  }

  get isShown(): boolean {
    return !this.host.hidden;
  }

  focus(): void {
    if (this.isShown) {
      this.view.focus();
    }
  }

  private attributes(): Record<string, string> {
    const { textarea } = this;
    const hint = textarea
      .getAttribute("aria-describedby")
      ?.split(" ")
      .map((id) => document.getElementById(id)?.textContent?.trim() ?? "")
      .join(" ");
    return {
      ...attributesOf(textarea.labels?.[0]?.textContent?.trim() ?? textarea.name, textarea.spellcheck),
      ...(hint && { "aria-description": hint }),
      ...(this.isRequired && { "aria-required": "true" }),
      ...(textarea.getAttribute("aria-invalid") === "true" && { "aria-invalid": "true" }),
    };
  }

  private chosenLanguage(): Extension {
    switch (this.textarea.dataset["editor"]) {
      case "json":
        return asJson("object");
      case "list":
        return asJson("list");
      default:
        return this.format()?.value === "json" ? asJson("any") : asText;
    }
  }

  private format(): HTMLSelectElement | null {
    return this.textarea.form?.querySelector<HTMLSelectElement>("select[data-format]") ?? null;
  }

  private takePlace(): void {
    const { textarea, host } = this;
    const { activeElement } = document;
    const hadFocus = activeElement === textarea || (textarea.autofocus && activeElement === document.body);
    textarea.required = false;
    textarea.hidden = true;
    textarea.after(host);
    for (const label of textarea.labels ?? []) {
      label.addEventListener("click", () => this.focus());
    }
    for (const link of document.querySelectorAll<HTMLAnchorElement>(`a[href="#${CSS.escape(textarea.id)}"]`)) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.focus();
      });
    }
    this.take();
    if (hadFocus) {
      this.focus();
    }
  }

  private follow(): void {
    const { textarea } = this;
    textarea.addEventListener("input", () => this.take());
    textarea.form?.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
    textarea.form?.addEventListener("formdata", () => this.give());
    window.addEventListener("pagehide", () => this.give(), { capture: true });
    this.format()?.addEventListener("change", () => {
      this.made?.dispatch({ effects: this.language.reconfigure(this.chosenLanguage()) });
    });
  }

  private onChange(): void {
    if (!this.isWriting) {
      this.host.classList.remove("is-invalid");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.give(), PAUSE);
    }
  }

  // From the editor to the textarea, so that drafts and the trial see it.
  give(): void {
    clearTimeout(this.timer);
    if (!this.isShown) {
      return;
    }
    const text = this.view.state.doc.toString();
    if (text !== this.textarea.value) {
      this.isWriting = true;
      this.textarea.value = text;
      this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
      this.isWriting = false;
    }
  }

  // From the textarea to the editor, as when a draft is restored.
  private take(): void {
    const text = this.textarea.value;
    if (this.isShown && !this.isWriting && text !== this.view.state.doc.toString()) {
      this.isWriting = true;
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
      this.isWriting = false;
    }
  }

  private onSubmit(event: SubmitEvent): void {
    this.give();
    const isChecked = !(event.submitter instanceof HTMLButtonElement && event.submitter.formNoValidate);
    if (this.isRequired && isChecked && !this.textarea.value) {
      event.preventDefault();
      this.host.classList.add("is-invalid");
      this.focus();
    }
  }
}
