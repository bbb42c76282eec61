// Keys: `/` searches, `e` edits, Ctrl+Enter sends the form, arrows move in lists, `?` tells of them.

import { element, showDialog } from "./dialogs";

const TURNED_OFF = "promptuary-single-keys-off";
const ROWS = ".listing tbody th a:first-child, .listing tbody tr > td:first-child a, .history > li > a:first-child";

export function startKeys(): void {
  document.addEventListener("keydown", onKey);
  if (location.hash === "#search") {
    document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  }
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-keys]")) {
      event.preventDefault();
      showKeys();
    }
  });
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) {
    return;
  }
  const isHandled =
    event.key === "Enter" && (event.ctrlKey || event.metaKey)
      ? send(event)
      : !(event.ctrlKey || event.metaKey || event.altKey) && (moves(event) || presses(event));
  if (isHandled) {
    event.preventDefault();
  }
}

function send(event: KeyboardEvent): boolean {
  const near = event.target instanceof Element ? event.target.closest("form") : null;
  const form = near ?? document.querySelector<HTMLFormElement>("main form[data-submit-key]");
  if (!form || !("submitKey" in form.dataset)) {
    return false;
  }
  submitForm(form);
  return true;
}

export function submitForm(form: HTMLFormElement): void {
  form.requestSubmit(form.querySelector<HTMLButtonElement>("button[type=submit].primary, button[type=submit]"));
}

function moves(event: KeyboardEvent): boolean {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") {
    return false;
  }
  const here = document.activeElement;
  const isSearch = here instanceof HTMLInputElement && here.type === "search";
  const list = isSearch ? document.querySelector(".listing") : (here?.closest(".listing, .history") ?? null);
  if (!list) {
    return false;
  }
  const links = [...list.querySelectorAll<HTMLElement>(ROWS)];
  const row = here?.closest("tr, li");
  const index = isSearch ? -1 : links.findIndex((link) => row?.contains(link));
  const next = links[index + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    next.focus();
  } else if (event.key === "ArrowUp" && !isSearch) {
    document.querySelector<HTMLElement>("input[type=search]")?.focus();
  }
  return true;
}

function presses(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (localStorage.getItem(TURNED_OFF) || (target instanceof HTMLElement && isWriting(target))) {
    return false;
  }
  if (event.key === "/") {
    const field = document.querySelector<HTMLInputElement>("input[type=search]");
    field?.focus();
    field?.select();
    return field !== null || goToSearch();
  }
  if (event.key === "?") {
    showKeys();
    return true;
  }
  const pressed = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`);
  pressed?.click();
  return pressed !== null;
}

// From other pages of a project, to search is to go to its list.
function goToSearch(): boolean {
  const list = document.querySelector<HTMLAnchorElement>('.sections a[href$="/prompts/"]');
  if (list) {
    location.assign(`${list.href}#search`);
  }
  return list !== null;
}

function isWriting(target: HTMLElement): boolean {
  return target.isContentEditable || target.matches("input, textarea, select");
}

function showKeys(): void {
  const rows = [
    ["/", "Search"],
    ["e", "Edit the prompt"],
    ["Ctrl + Enter", "Continue: review, publish, create"],
    ["Alt + Enter", "In a chat: add a message below; with Shift, above"],
    ["Alt + Shift + ↑ ↓", "In a chat: move the message"],
    ["Alt + Shift + Delete", "In a chat: remove the message"],
    ["Alt + Page ↑ ↓", "In a chat: go to another message"],
    ["↑ ↓", "Move in lists, from the search field, too"],
    ["Escape", "Close menus and dialogs"],
    ["?", "Show these shortcuts"],
  ] as const;
  const list = element("dl", { className: "keys" });
  for (const [key, meaning] of rows) {
    list.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, meaning));
  }
  const box = element("input", { type: "checkbox", id: "single-keys", checked: !localStorage.getItem(TURNED_OFF) });
  box.addEventListener("change", () =>
    box.checked ? localStorage.removeItem(TURNED_OFF) : localStorage.setItem(TURNED_OFF, "off"),
  );
  const close = element("button", { type: "button", className: "button", autofocus: true }, "Close");
  const dialog = showDialog(
    "Keyboard shortcuts",
    list,
    element("p", {}, box, element("label", { htmlFor: box.id }, "Single-letter shortcuts are on")),
    element("p", { className: "actions" }, close),
  );
  close.addEventListener("click", () => dialog.close());
}
