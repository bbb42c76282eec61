// Says in the list of prompts which of them one has begun to write and not published.

import { element } from "./dialogs";
import { draftedKeys } from "./drafts-kept";

const PROMPT = /\/projects\/(\d+)\/prompts\/([^/]+)\/$/;

export function startDraftMarks(): void {
  const main = document.querySelector("main");
  if (main?.querySelector("[data-live]")) {
    mark(main);
    // A search puts another list in the place of the one that is shown.
    new MutationObserver(() => mark(main)).observe(main, { childList: true, subtree: true });
  }
}

function mark(list: Element): void {
  const drafted = draftedKeys();
  for (const link of list.querySelectorAll<HTMLAnchorElement>(".listing tbody th a:not([data-drafted])")) {
    const found = PROMPT.exec(new URL(link.href).pathname);
    if (found && drafted.has(`${found[1]}/${decodeURIComponent(found[2] ?? "")}`)) {
      link.dataset["drafted"] = "";
      link.after(" ", element("a", { className: "quiet", href: `${link.pathname}edit/` }, "your draft"));
    }
  }
}
