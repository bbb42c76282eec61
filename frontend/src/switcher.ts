// The menu of projects: the projects that fit what is typed into its field take the place of those that are listed.
//
// They come from the page to which the field leads without scripts.

import { announce } from "./announce";
import { element } from "./dialogs";
import { fetchPage } from "./pages";

const PAUSE = 150;

export function startSwitcher(): void {
  const menu = document.querySelector<HTMLDetailsElement>("[data-switcher]");
  const form = menu?.querySelector("form");
  const field = form?.querySelector("input");
  const list = menu?.querySelector<HTMLUListElement>(".found");
  if (menu && form && field && list) {
    new Switcher(menu, form, field, list);
  }
}

class Switcher {
  private readonly listed: Node[];
  private timer = 0;
  private running: AbortController | undefined;
  // The search whose results are shown.
  private shown = "";

  constructor(
    private readonly menu: HTMLDetailsElement,
    private readonly form: HTMLFormElement,
    private readonly field: HTMLInputElement,
    private readonly list: HTMLUListElement,
  ) {
    this.listed = [...list.children];
    menu.addEventListener("toggle", () => menu.open && this.field.focus());
    menu.addEventListener("keydown", (event) => this.onKey(event));
    field.addEventListener("input", () => this.soon());
    form.addEventListener("submit", (event) => this.onSubmit(event));
  }

  private links(): HTMLAnchorElement[] {
    return [...this.menu.querySelectorAll<HTMLAnchorElement>("li > a")];
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !event.isComposing) {
      const stops = [this.field, ...this.links()];
      const here = stops.findIndex((stop) => stop === document.activeElement);
      stops[here + step]?.focus();
      event.preventDefault();
    }
  }

  // Enter opens the only project that is left; else the form leads to the page of those that fit.
  private onSubmit(event: SubmitEvent): void {
    const [only, ...others] = this.list.querySelectorAll("a");
    if (this.shown && this.shown === this.field.value.trim() && only && !others.length) {
      event.preventDefault();
      location.assign(only.href);
    }
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.find(), PAUSE);
  }

  private async find(): Promise<void> {
    const search = this.field.value.trim();
    this.running?.abort();
    if (!search) {
      this.show("", this.listed, "");
      return;
    }
    const request = (this.running = new AbortController());
    try {
      const page = await fetchPage(`${this.form.action}?${new URLSearchParams({ search })}`, request.signal);
      const found = [...page.querySelectorAll<HTMLAnchorElement>("[data-live] tbody th > a")];
      const message = page.querySelector("[data-live] [role=status]")?.firstChild?.textContent?.trim() || "No project found";
      this.show(search, found.length ? found.map(itemOf) : [element("li", {}, element("span", {}, message))], message);
    } catch {
      // The list stays as it is, and Enter leads to the page.
    }
  }

  private show(search: string, items: Node[], message: string): void {
    this.shown = search;
    this.list.replaceChildren(...items);
    announce(message);
  }
}

function itemOf(link: HTMLAnchorElement): HTMLLIElement {
  return element("li", {}, element("a", { href: link.href, dir: "auto" }, ...document.importNode(link, true).childNodes));
}
