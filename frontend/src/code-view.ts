// CodeMirror as the pages use it: for texts with variables and for JSON, each line in the direction of its own script.
//
// The view lives in a shadow tree: there CodeMirror adopts its style sheets, which `style-src 'self'` allows. In the document
// it would insert <style> elements, which that policy forbids.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { markdownKeymap } from "@codemirror/lang-markdown";
import { bracketMatching, indentUnit, language as languageOf } from "@codemirror/language";
import { type Diagnostic, lintGutter, linter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec, type Range } from "@codemirror/state";
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
import { BOUNDARY, checkTags, chooseIfBegun, INSERT, TAG } from "./references";
import { theme } from "./theme";
import { type Declared, VARIABLE } from "./variables";

export interface Writing {
  readonly text: string;
  readonly language: Extension;
  readonly declared: Declared;
  readonly form: HTMLFormElement | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly onChange: () => void;
}

// Make a view in a host, which becomes its shadow tree's.
export function makeView(host: HTMLElement, writing: Writing): EditorView {
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  const state = EditorState.create({ doc: writing.text, extensions: extensionsOf(writing) });
  const view = new EditorView({ root, parent: root, state });
  takeInsertions(view);
  return view;
}

// The view in which one wrote last, at first the first one.
let last: EditorView | undefined;

// Take a text that is to be inserted where one wrote last, in the place of the signs with which its tag was begun.
function takeInsertions(view: EditorView): void {
  last ??= view;
  view.dom.addEventListener("focusin", () => (last = view));
  document.addEventListener(INSERT, (event) => {
    if (event instanceof CustomEvent && last === view && view.dom.isConnected) {
      const { from, to } = view.state.selection.main;
      const begun = from === to && view.state.sliceDoc(from - BOUNDARY.length, from) === BOUNDARY ? BOUNDARY.length : 0;
      const insert = String(event.detail);
      const anchor = from - begun + insert.length;
      view.dispatch({ changes: { from: from - begun, to, insert }, selection: { anchor }, scrollIntoView: true });
      view.focus();
    }
  });
}

export function attributesOf(label: string, isSpellChecked: boolean): Record<string, string> {
  return { "aria-label": label, spellcheck: String(isSpellChecked), tabindex: "0", autocorrect: "off", autocapitalize: "off" };
}

export function heightOf(rows: number): string {
  return `calc(${rows} * var(--leading-code) * var(--text-code))`;
}

function extensionsOf({ text, language, declared, form, attributes, rows, onChange }: Writing): Extension {
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => send(form) }])),
    history(),
    drawSelection(),
    highlightSpecialChars({ addSpecialChars: HIDDEN, render: drawHidden }),
    EditorView.perLineTextDirection.of(true),
    lineDirections,
    highlightSelectionMatches(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorState.tabSize.of(2),
    lineEndsOf(text),
    indentUnit.of("  "),
    markVariables(declared),
    markTags,
    linter(lintTags, { delay: LINT_DELAY }),
    language,
    EditorView.contentAttributes.of(attributes),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        onChange();
        if (update.transactions.some((transaction) => transaction.isUserEvent("input.type"))) {
          const { head } = update.state.selection.main;
          chooseIfBegun(update.state.sliceDoc(update.state.doc.lineAt(head).from, head));
        }
      }
    }),
    theme,
    EditorView.theme({ "&": { maxHeight: "75vh" }, ".cm-content, .cm-gutter": { minHeight: heightOf(rows) } }),
  ];
}

// Line ends stay what they are: where not all are CR LF, a carriage return is a character that is drawn.
function lineEndsOf(text: string): Extension {
  if (!text.includes("\r")) {
    return [];
  }
  return EditorState.lineSeparator.of(/\r(?!\n)|(?<!\r)\n/.test(text) ? "\n" : "\r\n");
}

function send(form: HTMLFormElement | null): boolean {
  if (form) {
    submitForm(form);
  }
  return form !== null;
}

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
        const isOther = update.startState.facet(languageOf) !== update.state.facet(languageOf);
        this.decorations = isOther ? variables.createDeco(update.view) : variables.updateDeco(update, this.decorations);
      }
    },
    { decorations: ({ decorations }) => decorations },
  );
}

const LINT_DELAY = 600;

// Underline the tags that the server would refuse, with its sentences.
async function lintTags(view: EditorView): Promise<Diagnostic[]> {
  const text = view.state.doc.toString();
  const problems = await checkTags(text);
  if (!problems.size) {
    return [];
  }
  return Array.from(text.matchAll(TAG)).flatMap((match): Diagnostic[] => {
    const message = problems.get(match[0]);
    return message ? [{ from: match.index, to: match.index + match[0].length, severity: "error", message }] : [];
  });
}

const reference = Decoration.mark({ class: "cm-reference" });
const tags = new MatchDecorator({ regexp: TAG, decoration: reference });

const markTags = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = tags.createDeco(view);
    }

    update(update: ViewUpdate): void {
      this.decorations = tags.updateDeco(update, this.decorations);
    }
  },
  { decorations: ({ decorations }) => decorations },
);

// Keys of JSON objects have no variables. A key is a string with a colon behind it.
function isInKey({ state }: EditorView, end: number): boolean {
  const rest = state.facet(languageOf)?.name === "json" ? state.sliceDoc(end, state.doc.lineAt(end).to) : "";
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

const BEGINNINGS = {
  object: ["{", "This must be a JSON object, in braces."],
  list: ["[", "This must be a JSON list, in square brackets."],
  any: ["", ""],
} as const;

export const asText: Extension = [markdown, keymap.of(markdownKeymap), EditorView.lineWrapping];

// `kind` is what the JSON has to be.
export function asJson(kind: "object" | "list" | "any"): Extension {
  const parsed = jsonParseLinter();
  const lint = (view: EditorView): Diagnostic[] => {
    const text = view.state.doc.toString();
    if (!text.trim()) {
      return [];
    }
    const found = parsed(view);
    const [begin, message] = BEGINNINGS[kind];
    return found.length || text.trim().startsWith(begin)
      ? found
      : [{ from: 0, to: view.state.doc.length, severity: "error", message }];
  };
  return [json(), linter(lint), lintGutter(), lineNumbers(), bracketMatching(), keymap.of(lintKeymap), EditorView.lineWrapping];
}
