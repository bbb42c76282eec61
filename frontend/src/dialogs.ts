// Elements made in scripts, always by text and never by markup.

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

let count = 0;

// Show a dialog that takes itself away when it is closed. Its first child is its heading.
export function showDialog(heading: string, ...children: (Node | string)[]): HTMLDialogElement {
  const title = element("h2", { id: `dialog-${++count}` }, heading);
  const dialog = element("dialog", {}, title, ...children);
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => {
    dialog.remove();
    takeTextAtOnce();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && event.clientX !== 0 && isOutside(event, dialog.getBoundingClientRect())) {
      dialog.close();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Until the browser draws the page, an editor to which a closed dialog gives the focus back takes no text. Focused again, it does.
function takeTextAtOnce(): void {
  const focused = document.activeElement?.shadowRoot?.activeElement;
  if (focused instanceof HTMLElement && focused.isContentEditable) {
    focused.blur();
    focused.focus({ preventScroll: true });
  }
}

function isOutside(event: MouseEvent, box: DOMRect): boolean {
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
