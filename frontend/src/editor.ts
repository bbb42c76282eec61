// CodeMirror over a <textarea data-editor="prompt|json">. The textarea stays what the form sends, so all else works as without.
//
// The editor lives in a shadow tree: there CodeMirror adopts its style sheets, which `style-src 'self'` allows. In the document
// it would insert <style> elements, which that policy forbids.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { markdownKeymap } from "@codemirror/lang-markdown";
import { bracketMatching, indentUnit, language } from "@codemirror/language";
import { type Diagnostic, lintGutter, linter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Prec, type Range } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { element } from "./dialogs";
import { codeOf, HIDDEN } from "./hidden";
import { submitForm } from "./keys";
import { markdown } from "./markdown";
import { theme } from "./theme";
import { type Declared, declaredBy, VARIABLE } from "./variables";

const PAUSE = 150;

const variable = Decoration.mark({ class: "cm-variable" });

function markVariables(declared: Declared): Extension {
  const variables = new MatchDecorator({
    regexp: VARIABLE,
    decoration: (match, view, at) =>
      (!declared || declared.has(match[1] ?? "")) && !isInKey(view, at + match[0].length) ? variable : null,
  });
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = variables.createDeco(view);
      }

      update(update: ViewUpdate): void {
        const isOther = update.startState.facet(language) !== update.state.facet(language);
        this.decorations = isOther ? variables.createDeco(update.view) : variables.updateDeco(update, this.decorations);
      }
    },
    { decorations: ({ decorations }) => decorations },
  );
}

// Keys of JSON objects have no variables. A key is a string with a colon behind it.
function isInKey({ state }: EditorView, end: number): boolean {
  const rest = state.facet(language)?.name === "json" ? state.sliceDoc(end, state.doc.lineAt(end).to) : "";
  return /^[^"\\]*(?:\\.[^"\\]*)*"[ \t]*:/.test(rest);
}

// Each line reads in the direction of its own script.
const directed = Decoration.line({ attributes: { dir: "auto" } });

const lineDirections = EditorView.decorations.of((view) => {
  const lines: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      lines.push(directed.range(line.from));
      at = line.to + 1;
    }
  }
  return Decoration.set(lines, true);
});

function drawHidden(code: number, description: string | null): HTMLElement {
  const name = codeOf(code);
  return element("span", { className: "cm-specialChar", title: description ?? name, dir: "ltr" }, name);
}

const asText: Extension = [markdown, keymap.of(markdownKeymap), EditorView.lineWrapping];

function asJson(isObject: boolean): Extension {
  const parsed = jsonParseLinter();
  const lint = (view: EditorView): Diagnostic[] => {
    const text = view.state.doc.toString();
    if (!text.trim()) {
      return [];
    }
    const found = parsed(view);
    const message = "This must be a JSON object, in braces.";
    return found.length || !isObject || text.trim().startsWith("{")
      ? found
      : [{ from: 0, to: view.state.doc.length, severity: "error", message }];
  };
  return [json(), linter(lint), lintGutter(), lineNumbers(), bracketMatching(), keymap.of(lintKeymap), EditorView.lineWrapping];
}

export function startEditors(): void {
  for (const textarea of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-editor]")) {
    new Editor(textarea);
  }
}

class Editor {
  private readonly host = element("div", { className: "editor" });
  private readonly language = new Compartment();
  private readonly view: EditorView;
  private readonly isRequired: boolean;
  private timer = 0;
  private isWriting = false;

  constructor(private readonly textarea: HTMLTextAreaElement) {
    const root = this.host.attachShadow({ mode: "open", delegatesFocus: true });
    this.host.classList.toggle("is-invalid", textarea.getAttribute("aria-invalid") === "true");
    this.isRequired = textarea.required;
    this.view = new EditorView({ root, parent: root, doc: textarea.value, extensions: this.extensions() });
    this.takePlace();
    this.follow();
  }

  private extensions(): Extension {
    const { textarea } = this;
    const size = { minHeight: `calc(${textarea.rows} * var(--leading-code) * var(--text-code))`, maxHeight: "75vh" };
    return [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => this.send() }])),
      history(),
      drawSelection(),
      highlightSpecialChars({ addSpecialChars: HIDDEN, render: drawHidden }),
      EditorView.perLineTextDirection.of(true),
      lineDirections,
      highlightSelectionMatches(),
      search({ top: true }),
      keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorState.tabSize.of(2),
      indentUnit.of("  "),
      markVariables(declaredBy(textarea.dataset["declared"])),
      this.language.of(this.chosenLanguage()),
      EditorView.contentAttributes.of(this.attributes()),
      EditorView.updateListener.of((update) => this.onUpdate(update)),
      theme,
      EditorView.theme({ "&": { maxHeight: size.maxHeight }, ".cm-content, .cm-gutter": { minHeight: size.minHeight } }),
    ];
  }

  private attributes(): Record<string, string> {
    const { textarea } = this;
    const hint = textarea
      .getAttribute("aria-describedby")
      ?.split(" ")
      .map((id) => document.getElementById(id)?.textContent?.trim() ?? "")
      .join(" ");
    return {
      "aria-label": textarea.labels?.[0]?.textContent?.trim() ?? textarea.name,
      ...(hint && { "aria-description": hint }),
      ...(this.isRequired && { "aria-required": "true" }),
      ...(textarea.getAttribute("aria-invalid") === "true" && { "aria-invalid": "true" }),
      spellcheck: String(textarea.spellcheck),
      tabindex: "0",
      autocorrect: "off",
      autocapitalize: "off",
    };
  }

  private chosenLanguage(): Extension {
    if (this.textarea.dataset["editor"] === "json") {
      return asJson(true);
    }
    return this.format()?.value === "json" ? asJson(false) : asText;
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
      label.addEventListener("click", () => this.view.focus());
    }
    for (const link of document.querySelectorAll<HTMLAnchorElement>(`a[href="#${CSS.escape(textarea.id)}"]`)) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.view.focus();
      });
    }
    if (hadFocus) {
      this.view.focus();
    }
  }

  private follow(): void {
    const { textarea } = this;
    textarea.addEventListener("input", () => this.take());
    textarea.form?.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
    textarea.form?.addEventListener("formdata", () => this.give());
    window.addEventListener("pagehide", () => this.give(), { capture: true });
    this.format()?.addEventListener("change", () => {
      this.view.dispatch({ effects: this.language.reconfigure(this.chosenLanguage()) });
    });
  }

  private onUpdate(update: ViewUpdate): void {
    if (update.docChanged && !this.isWriting) {
      this.host.classList.remove("is-invalid");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.give(), PAUSE);
    }
  }

  // From the editor to the textarea, so that drafts and the trial see it.
  private give(): void {
    clearTimeout(this.timer);
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
    if (!this.isWriting && text !== this.view.state.doc.toString()) {
      this.isWriting = true;
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
      this.isWriting = false;
    }
  }

  private send(): boolean {
    const form = this.textarea.form;
    if (form) {
      submitForm(form);
    }
    return form !== null;
  }

  private onSubmit(event: SubmitEvent): void {
    this.give();
    const isChecked = !(event.submitter instanceof HTMLButtonElement && event.submitter.formNoValidate);
    if (this.isRequired && isChecked && !this.textarea.value) {
      event.preventDefault();
      this.host.classList.add("is-invalid");
      this.view.focus();
    }
  }
}
