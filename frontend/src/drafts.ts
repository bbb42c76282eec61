// What is written and not yet published survives a closed tab: it is kept in the browser and offered when one comes back.
//
// `data-draft="key"` is on the form in which one writes, `data-draft-of="key"` on those that carry the text on.

import { element } from "./dialogs";
import { adoptDraft, dropDraft, keepDraft, readDrafts, rememberSent, type KeptDraft } from "./drafts-kept";
import { formatAgo } from "./times";

const PAUSE = 400;

// Fields that tell what a text was begun from, and not what is written.
const ORIGINS = new Set(["base_version", "source", "prompt_id"]);

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export function startDrafts(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft]")) {
    new Drafted(form, form.dataset["draft"] ?? "");
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft-of]")) {
    form.addEventListener("submit", () => rememberSent(form.dataset["draftOf"] ?? ""));
  }
}

function controls(form: HTMLFormElement): Control[] {
  return [...form.elements].filter(
    (each): each is Control => each.matches("input[name], select[name], textarea[name]") && !each.matches("[type=radio], [type=checkbox]"),
  );
}

function fieldsOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries(controls(form).map((control) => [control.name, control.value]));
}

// The fields as the server sent them, whatever the browser has put back into them since.
function defaultsOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries(controls(form).map((control) => [control.name, defaultOf(control)]));
}

function defaultOf(control: Control): string {
  if (control instanceof HTMLSelectElement) {
    return ([...control.options].find((option) => option.defaultSelected) ?? control.options[0])?.value ?? "";
  }
  return control.type === "hidden" ? control.value : control.defaultValue;
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.keys({ ...one, ...other }).every((name) => ORIGINS.has(name) || (one[name] ?? "") === (other[name] ?? ""));
}

class Drafted {
  private readonly atFirst: Record<string, string>;
  private timer = 0;
  private isSent = false;
  private isLeaving = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly key: string,
  ) {
    this.atFirst = defaultsOf(form);
    this.offerAll();
    form.addEventListener("input", () => {
      this.isSent = false;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keep(), PAUSE);
    });
    form.addEventListener("submit", (event) => this.onSubmit(event));
    window.addEventListener("pagehide", () => this.keep());
    window.addEventListener("pageshow", () => {
      this.isSent = this.isLeaving = false;
      // After "Back" the browser has put back what was written.
      this.offerAll();
    });
    for (const link of form.querySelectorAll<HTMLElement>(".actions a")) {
      // Cancel means to leave, and what was written is kept, before the next page looks for it.
      link.addEventListener("click", (event) => {
        this.isLeaving = !(event.ctrlKey || event.metaKey || event.shiftKey);
        // The editors write what they have into the form before its data is read.
        void new FormData(this.form);
        this.keep();
      });
    }
    window.addEventListener("beforeunload", (event) => {
      if (!this.isSent && !this.isLeaving && this.isChanged()) {
        event.preventDefault();
      }
    });
  }

  private isChanged(): boolean {
    return !isSame(fieldsOf(this.form), this.atFirst);
  }

  private keep(): void {
    clearTimeout(this.timer);
    if (this.isChanged()) {
      keepDraft(this.key, fieldsOf(this.form));
    }
  }

  private onSubmit(event: Event): void {
    if (!event.defaultPrevented) {
      this.keep();
      this.isSent = true;
      rememberSent(this.key);
    }
  }

  private offerAll(): void {
    const here = fieldsOf(this.form);
    this.form.querySelectorAll(".notice.draft").forEach((offered) => offered.remove());
    for (const draft of readDrafts(this.key).reverse()) {
      if (!isSame(draft.fields, here) && !isSame(draft.fields, this.atFirst)) {
        this.offer(draft);
      }
    }
  }

  private offer(draft: KeptDraft): void {
    const ago = formatAgo((Date.now() - Date.parse(draft.saved)) / 1000);
    const base = draft.fields["base_version"];
    const isOlder = base && this.atFirst["base_version"] && base !== this.atFirst["base_version"];
    const restore = element("button", { type: "button", className: "button" }, "Restore it");
    const discard = element("button", { type: "button", className: "button quiet" }, "Discard it");
    const text = `You have an unpublished draft from ${ago}${isOlder ? `; it was begun from version ${base}` : ""}.`;
    const offered = element("div", { className: "notice draft" }, element("p", {}, text), element("p", { className: "actions" }, restore, discard));
    offered.setAttribute("role", "status");
    restore.addEventListener("click", () => {
      this.restore(draft);
      offered.remove();
    });
    discard.addEventListener("click", () => {
      dropDraft(draft);
      offered.remove();
    });
    this.form.prepend(offered);
  }

  // The base version comes back, too: a publish then detects versions that were published since.
  private restore(draft: KeptDraft): void {
    adoptDraft(this.key, draft);
    const restored = controls(this.form).filter(({ name, value }) => (draft.fields[name] ?? value) !== value);
    for (const control of restored) {
      control.value = draft.fields[control.name] ?? "";
    }
    // Only now, as some fields say how others are written.
    for (const control of restored) {
      control.closest("details")?.setAttribute("open", "");
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.form.querySelector<HTMLElement>(".editor:not([hidden], [hidden] *)")?.focus();
  }
}
