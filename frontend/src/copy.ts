// Buttons that copy: `data-copy` alone copies the code beside it, `data-copy="text"` copies that text.

import { announce } from "./announce";

const SHOWN_FOR = 2000;

export function startCopying(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copy]") : null;
    if (button) {
      void copyFor(button);
    }
  });
}

function copyFor(button: HTMLElement): Promise<void> {
  return copyText(button, button.dataset["copy"] || button.closest(".code")?.querySelector("code, input")?.textContent || "");
}

// Copy a text, and say on the button if that worked.
export async function copyText(button: HTMLElement, text: string): Promise<void> {
  const done = await write(text);
  const before = (button.dataset["copyText"] ??= button.textContent ?? "");
  const said = done ? "Copied" : "Select and copy by hand";
  button.textContent = said;
  announce(said);
  setTimeout(() => {
    button.textContent = before;
  }, SHOWN_FOR);
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeFromSelection(text);
  }
}

// Browsers have no clipboard for pages without TLS, but still obey this on them.
function writeFromSelection(text: string): boolean {
  const held = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (held instanceof HTMLElement) {
      held.focus();
    }
  }
}
