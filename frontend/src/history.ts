// Older versions, put below those that are shown already.

import { announce } from "./announce";
import { fetchPage } from "./pages";

export function startHistory(): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-older]") : null;
    if (link && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      void showOlder(link);
    }
  });
}

async function showOlder(link: HTMLAnchorElement): Promise<void> {
  const list = link.closest("section, aside, main")?.querySelector("[data-history]");
  if (!list || link.getAttribute("aria-busy") === "true") {
    return;
  }
  link.setAttribute("aria-busy", "true");
  try {
    const page = await fetchPage(link.href);
    const older = [...page.querySelectorAll("[data-history] > li")].map((item) => document.importNode(item, true));
    list.append(...older);
    older[0]?.querySelector("a")?.focus();
    announce(`${older.length} older versions`);
    const next = page.querySelector<HTMLAnchorElement>("a[data-older]")?.getAttribute("href");
    if (next) {
      link.href = next;
      link.removeAttribute("aria-busy");
    } else {
      (link.closest("p") ?? link).remove();
    }
  } catch {
    location.assign(link.href);
  }
}
