// What every page loads: a few kilobytes. The editor, and trying a prompt with values, are loaded by the pages that have them.

import { startConfirming } from "./confirm";
import { startCopying } from "./copy";
import { startDrafts } from "./drafts";
import { clearPublishedDraft } from "./drafts-kept";
import { startDraftMarks } from "./drafts-marked";
import { startHistory } from "./history";
import { startKeys } from "./keys";
import { startLimits } from "./limits";
import { startMenus } from "./menu";
import { startSearch } from "./search";
import { startSwitcher } from "./switcher";
import { startTimes } from "./times";

document.documentElement.classList.add("scripted");

// Without scripts, the cards of a chat are sent, and not the field from which scripts make them.
for (const field of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-name]")) {
  field.name = field.dataset["name"] ?? "";
}

// Drafts look at the textareas before an editor takes their place, and are asked after it when a form is sent.
clearPublishedDraft();
startDrafts();
startDraftMarks();
startSearch();
startHistory();
startKeys();
startLimits();
startMenus();
startSwitcher();
startCopying();
startTimes();
startConfirming();

if (document.querySelector("[data-live]")) {
  void import("./live").then(({ startLiveNotices }) => startLiveNotices());
}
if (document.querySelector("[data-try]")) {
  void import("./try").then(({ startTrying }) => startTrying());
}
if (document.querySelector("a[data-references]")) {
  void import("./references").then(({ startReferences }) => startReferences());
}
if (document.querySelector("textarea[data-editor]")) {
  void import("./editor").then(({ startEditors }) => startEditors());
}
