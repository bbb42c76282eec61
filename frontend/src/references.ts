// Insert a reference: prompts are searched in a dialog, and the chosen tag goes to where one was writing.
//
// Without scripts the link leads to the page that the dialog shows a part of; there the tags can be copied.

import { announce } from "./announce";
import { element, showDialog } from "./dialogs";
import { fetchPage, GoThere } from "./pages";

const PAUSE = 150;

// A tag, as `promptuary.model.references` defines it, and how it begins and ends.
export const TAG =
  /@@@prompt:name=[A-Za-z0-9_-]{1,255}\|(?:version=[1-9][0-9]{0,8}|label=[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?)@@@/g;
export const BOUNDARY = "@@@";

// Show the dialog where the user begins to write a tag: the line ends with its boundary, and no tag ends there.
export function chooseIfBegun(line: string): void {
  if (line.endsWith(BOUNDARY) && !/@@@prompt:[^@]*@@@$/.test(line)) {
    document.querySelector<HTMLAnchorElement>("a[data-references]")?.click();
  }
}

const MAX_CHECKED = 21;

// Ask the server which tags of a text cannot be resolved; return its sentences by tag.
export async function checkTags(text: string): Promise<Map<string, string>> {
  const tags = [...new Set(Array.from(text.matchAll(TAG), ([tag]) => tag))].slice(0, MAX_CHECKED);
  const link = document.querySelector<HTMLAnchorElement>("a[data-references]");
  if (!link || !tags.length) {
    return new Map();
  }
  const address = new URL(link.href);
  address.searchParams.set("tags", tags.join(" "));
  const page = await fetchPage(address.pathname + address.search).catch(() => null);
  const checked = page ? [...page.querySelectorAll<HTMLElement>("[data-checked]")] : [];
  const problems = checked.map((each): [string, string] => [each.dataset["checked"] ?? "", each.dataset["problem"] ?? ""]);
  return new Map(problems.filter(([, problem]) => problem));
}

// Sent to the document; the editor in which one wrote last inserts the text.
export const INSERT = "insert-text";

export function startReferences(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-references]")) {
    link.addEventListener("click", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        new Chooser(link.href);
      }
    });
  }
}

class Chooser {
  private readonly field = element("input", { type: "search", autocomplete: "off" });
  private readonly list = element("div", { className: "bounded" });
  private readonly dialog: HTMLDialogElement;
  private timer = 0;
  private running: AbortController | undefined;

  constructor(private readonly address: string) {
    const label = element("label", {}, "Search prompts ", this.field);
    const cancel = element("button", { type: "button", className: "button quiet" }, "Cancel");
    this.dialog = showDialog("Insert a reference", label, this.list, element("p", { className: "actions" }, cancel));
    this.dialog.classList.add("choosing");
    cancel.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.running?.abort());
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
    this.field.addEventListener("input", () => this.soon());
    this.field.focus();
    void this.search();
  }

  private buttons(): HTMLButtonElement[] {
    return [...this.list.querySelectorAll("button")];
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [this.field, ...this.buttons()];
    if (step && !event.isComposing) {
      stops[stops.findIndex((stop) => stop === document.activeElement) + step]?.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && document.activeElement === this.field) {
      event.preventDefault();
      stops[1]?.focus();
    }
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.search(), PAUSE);
  }

  private async search(): Promise<void> {
    this.running?.abort();
    const request = (this.running = new AbortController());
    const address = new URL(this.address);
    if (this.field.value.trim()) {
      address.searchParams.set("search", this.field.value.trim());
    }
    this.list.setAttribute("aria-busy", "true");
    try {
      this.show(await fetchPage(address.pathname + address.search, request.signal));
    } catch (error) {
      if (error instanceof GoThere) {
        location.assign(address);
      } else if (!request.signal.aborted) {
        this.list.replaceChildren(element("p", { className: "problem" }, "The server does not answer. Try again."));
      }
    }
    this.list.removeAttribute("aria-busy");
  }

  private show(page: Document): void {
    const found = page.querySelector("[data-live]");
    if (!found) {
      return;
    }
    const shown = document.importNode(found, true);
    for (const tag of shown.querySelectorAll<HTMLElement>("[data-tag]")) {
      const button = element("button", { type: "button", className: "button quiet" }, "Insert");
      button.setAttribute("aria-label", `Insert ${tag.dataset["name"] ?? ""}`);
      button.addEventListener("click", () => this.choose(tag.dataset["tag"] ?? "", tag.dataset["name"] ?? ""));
      tag.replaceWith(button);
    }
    this.list.replaceChildren(...shown.children);
  }

  private choose(tag: string, name: string): void {
    this.dialog.close();
    document.dispatchEvent(new CustomEvent(INSERT, { detail: tag }));
    announce(`Inserted ${name}.`);
  }
}
