// How the editor looks: the custom properties of tokens.css, which reach into its shadow tree.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--leaf)", fontSize: "var(--text-code)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "var(--leading-code)", fontVariantLigatures: "none", overflow: "auto" },
  ".cm-content": { padding: "var(--space-3) 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 var(--space-4)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--leaf)", border: "none", paddingLeft: "var(--space-2)" },
  ".cm-activeLineGutter": { color: "var(--ink)", backgroundColor: "transparent" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "none" },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { color: "var(--rubric)", backgroundColor: "transparent" },
  ".cm-searchMatch": { backgroundColor: "var(--removed-mark)", outline: "none" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--added-mark)", outline: "1px solid var(--focus)" },
  ".cm-selectionMatch": { backgroundColor: "var(--removed-paper)" },
  ".cm-variable": { color: "var(--rubric)" },
  ".cm-reference": { color: "var(--lapis)" },
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--tint)", fontFamily: "var(--reading)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--rule)" },
  ".cm-panel.cm-search": { padding: "var(--space-2) var(--space-3)", fontSize: "var(--text-small)" },
  ".cm-panel.cm-search label": { fontSize: "inherit", whiteSpace: "nowrap" },
  ".cm-panel.cm-search [name=close]": { color: "inherit", fontSize: "1.25rem", cursor: "pointer" },
  ".cm-textfield": {
    minHeight: "2rem",
    color: "inherit",
    font: "inherit",
    padding: "0 var(--space-2)",
    backgroundColor: "var(--leaf)",
    border: "1px solid var(--edge)",
    borderRadius: "var(--corner)",
  },
  ".cm-button": {
    minHeight: "2rem",
    color: "inherit",
    font: "inherit",
    padding: "0 var(--space-2)",
    backgroundColor: "var(--leaf)",
    backgroundImage: "none",
    border: "1px solid var(--edge)",
    borderRadius: "var(--corner)",
    cursor: "pointer",
  },
  ".cm-button:active": { backgroundColor: "var(--tint)", backgroundImage: "none" },
  ":is(button, input):focus-visible": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--leaf)",
    border: "1px solid var(--edge)",
    borderRadius: "var(--corner)",
    fontFamily: "var(--reading)",
    fontSize: "var(--text-small)",
  },
  ".cm-diagnostic": { padding: "var(--space-1) var(--space-3)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--rubric)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--rubric) 1px",
    textUnderlineOffset: "0.25em",
  },
  ".cm-lint-marker-error": { content: "none", width: "0.5em", height: "0.5em", borderRadius: "50%", backgroundColor: "var(--rubric)" },
});

const marked = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], color: "var(--quiet)" },
  { tag: [tags.link, tags.url], color: "var(--lapis)" },
  { tag: tags.propertyName, color: "var(--lapis)" },
  { tag: [tags.bool, tags.null, tags.number], color: "var(--removed)" },
]);

export const theme: Extension = [look, syntaxHighlighting(marked)];
