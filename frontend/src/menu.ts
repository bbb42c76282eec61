// Menus are <details>: they open without a script. Scripts close them when one looks elsewhere.

export function startMenus(): void {
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector<HTMLDetailsElement>("details.menu[open]");
    if (event.key === "Escape" && open) {
      const hadFocus = open.contains(document.activeElement);
      open.open = false;
      if (hadFocus) {
        open.querySelector("summary")?.focus();
      }
    }
  });
}

function closeMenus(except: EventTarget | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!(except instanceof Node && menu.contains(except))) {
      menu.open = false;
    }
  }
}
