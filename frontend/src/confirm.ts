// `data-confirm="question"` on a form asks before it is sent. And no form is sent twice by an impatient finger.

import { element, showDialog } from "./dialogs";

const confirmed = new WeakSet<HTMLFormElement>();
const sent = new Map<HTMLFormElement, HTMLElement | null>();

export function startConfirming(): void {
  document.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", () => {
    for (const submitter of sent.values()) {
      submitter?.removeAttribute("aria-busy");
    }
    sent.clear();
  });
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) {
    return;
  }
  if (form.dataset["confirm"] && !confirmed.has(form)) {
    event.preventDefault();
    ask(form, event.submitter);
  } else if (sent.has(form)) {
    event.preventDefault();
  } else if (form.method === "post") {
    sent.set(form, event.submitter);
    event.submitter?.setAttribute("aria-busy", "true");
  }
}

function ask(form: HTMLFormElement, submitter: HTMLElement | null): void {
  const yes = element(
    "button",
    { type: "button", className: submitter?.classList.contains("danger") ? "button danger" : "button primary" },
    submitter?.textContent?.trim() || "Continue",
  );
  const no = element("button", { type: "button", className: "button quiet" }, "Cancel");
  const dialog = showDialog(form.dataset["confirm"] ?? "", element("p", { className: "actions" }, yes, no));
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => {
    dialog.close();
    confirmed.add(form);
    form.requestSubmit(submitter);
    confirmed.delete(form);
  });
}
