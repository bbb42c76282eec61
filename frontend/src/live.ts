// While a prompt is edited or reviewed, says that another user has published it or moved one of its labels.
//
// `data-live` is the address of the prompt's stream of changes. The page stays as it is: what it sends is checked on the server.

interface Change {
  kind: string;
  prompt_name: string;
  version: number | null;
  label: string | null;
  actor: { id: number; first_name: string; last_name: string; email: string } | null;
}

export function startLiveNotices(): void {
  const form = document.querySelector<HTMLElement>("[data-live]");
  const address = form?.dataset["live"];
  if (!form || !address) {
    return;
  }
  const stream = new EventSource(address);
  stream.addEventListener("change", (event) => {
    const change = JSON.parse((event as MessageEvent<string>).data) as Change;
    const text = isOwn(change) || change.prompt_name !== form.dataset["liveName"] ? null : sentenceOf(change);
    if (text) {
      show(form, text);
    }
  });
  // The browser would keep the connection for a page that it may show again.
  addEventListener("pagehide", () => stream.close());
}

function isOwn(change: Change): boolean {
  return change.actor !== null && String(change.actor.id) === document.body.dataset["account"];
}

export function sentenceOf(change: Change): string | null {
  const actor = change.actor;
  const who = actor ? `${actor.first_name} ${actor.last_name}`.trim() || actor.email : "The operator";
  switch (change.kind) {
    case "prompt.published":
      return `${who} has just published version ${change.version}.`;
    case "label.created":
    case "label.moved":
      return `${who} has just pointed ${change.label} at version ${change.version}.`;
    case "label.removed":
      return `${who} has just removed ${change.label}.`;
    case "prompt.archived":
      return `${who} has just archived this prompt.`;
    default:
      return null;
  }
}

function show(form: HTMLElement, text: string): void {
  let notice = document.querySelector<HTMLElement>("[data-live-notice]");
  if (!notice) {
    notice = document.createElement("p");
    notice.className = "notice";
    notice.setAttribute("role", "status");
    notice.dataset["liveNotice"] = "";
    form.before(notice);
  }
  const link = document.createElement("a");
  link.href = form.dataset["livePage"] ?? "";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Look at it in another tab";
  notice.replaceChildren(`${text} `, link, ".");
}
