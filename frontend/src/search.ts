// Search as one types: the page with the results is fetched, and its [data-live] takes the place of the one that is shown.

import { announce } from "./announce";
import { fetchPage } from "./pages";

const PAUSE = 150;

export function startSearch(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-search]")) {
    new Search(form);
  }
}

class Search {
  private timer = 0;
  private running: AbortController | undefined;

  constructor(private readonly form: HTMLFormElement) {
    form.classList.add("is-live");
    form.addEventListener("input", () => this.soon());
    form.addEventListener("change", () => this.now());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.now();
    });
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.now(), PAUSE);
  }

  private async now(): Promise<void> {
    clearTimeout(this.timer);
    this.running?.abort();
    const address = this.address();
    if (address === location.pathname + location.search) {
      document.querySelector("[data-live]")?.removeAttribute("aria-busy");
      return;
    }
    const request = (this.running = new AbortController());
    document.querySelector("[data-live]")?.setAttribute("aria-busy", "true");
    try {
      const page = await fetchPage(address, request.signal);
      this.show(page, address);
    } catch {
      if (!request.signal.aborted) {
        location.assign(address);
      }
    }
  }

  private address(): string {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && value) {
        query.append(name, value);
      }
    }
    const path = new URL(this.form.action).pathname;
    return query.size ? `${path}?${query}` : path;
  }

  private show(page: Document, address: string): void {
    const found = page.querySelector("[data-live]");
    const shown = document.querySelector("[data-live]");
    if (!found || !shown) {
      location.assign(address);
      return;
    }
    shown.replaceWith(document.importNode(found, true));
    history.replaceState(null, "", address);
    announce(found.querySelector("[role=status], h2")?.textContent?.trim() ?? "");
  }
}
