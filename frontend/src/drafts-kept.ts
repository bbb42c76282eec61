// Drafts as they are kept in the browser, for each account, project and prompt.

const PREFIX = "promptuary-draft:";
const SENT = "promptuary-draft-sent";
const KEPT_FOR = 30 * 86_400_000;

export interface Draft {
  readonly saved: string;
  readonly fields: Readonly<Record<string, string>>;
}

function fullKey(key: string): string {
  return `${PREFIX}${document.body.dataset["account"] ?? ""}:${key}`;
}

export function readDraft(key: string): Draft | undefined {
  try {
    const draft: unknown = JSON.parse(localStorage.getItem(fullKey(key)) ?? "null");
    return isDraft(draft) && Date.now() - Date.parse(draft.saved) < KEPT_FOR ? draft : undefined;
  } catch {
    return undefined;
  }
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && "saved" in value && "fields" in value && typeof value.fields === "object";
}

// Return whether there was room for it.
export function keepDraft(key: string, fields: Record<string, string>): boolean {
  try {
    localStorage.setItem(fullKey(key), JSON.stringify({ saved: new Date().toISOString(), fields } satisfies Draft));
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(key: string): void {
  localStorage.removeItem(fullKey(key));
}

// Remember that a form with a draft was sent. Only the page that answers shows whether it was published.
export function rememberSent(key: string): void {
  sessionStorage.setItem(SENT, key);
}

// A page that says what was done, and holds no form for the same draft, is the answer to one that was published.
export function clearPublishedDraft(): void {
  const key = sessionStorage.getItem(SENT);
  if (key === null) {
    return;
  }
  sessionStorage.removeItem(SENT);
  const isStillWritten = [...document.querySelectorAll<HTMLElement>("[data-draft], [data-draft-of]")].some(
    ({ dataset }) => dataset["draft"] === key || dataset["draftOf"] === key,
  );
  if (!isStillWritten && document.querySelector("main [data-done]")) {
    dropDraft(key);
  }
}
