// Drafts as they are kept in the browser, for each account, project and prompt. Each tab that writes has a place of its own.

const PREFIX = "promptuary-draft:";
const SENT = "promptuary-draft-sent";
const PLACE = "promptuary-draft-place:";
const KEPT_FOR = 30 * 86_400_000;
const MAX_OFFERED = 3;

export interface Draft {
  readonly saved: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface KeptDraft extends Draft {
  readonly place: string;
}

function fullKey(key: string): string {
  return `${PREFIX}${document.body.dataset["account"] ?? ""}:${key}`;
}

// Return the drafts of a key, newest first: those of other tabs, too.
export function readDrafts(key: string): KeptDraft[] {
  const first = fullKey(key);
  return storedKeys()
    .filter((place) => place === first || place.startsWith(`${first}~`))
    .flatMap((place) => readAt(place))
    .sort((one, other) => Date.parse(other.saved) - Date.parse(one.saved))
    .slice(0, MAX_OFFERED);
}

// Return the paths of projects' prompts, such as `1/greeting`, of which there are drafts.
export function draftedKeys(): Set<string> {
  const start = fullKey("");
  return new Set(
    storedKeys()
      .filter((place) => place.startsWith(start) && readAt(place).length > 0)
      .map((place) => place.slice(start.length).split("~")[0] ?? ""),
  );
}

function storedKeys(): string[] {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

function readAt(place: string): KeptDraft[] {
  try {
    const draft: unknown = JSON.parse(localStorage.getItem(place) ?? "null");
    return isDraft(draft) && Date.now() - Date.parse(draft.saved) < KEPT_FOR ? [{ ...draft, place }] : [];
  } catch {
    return [];
  }
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && "saved" in value && "fields" in value && typeof value.fields === "object";
}

// Return whether there was room for it. A tab writes over its own draft only, and over one that it has restored.
export function keepDraft(key: string, fields: Record<string, string>): boolean {
  try {
    const place = placeOf(key);
    localStorage.setItem(place, JSON.stringify({ saved: new Date().toISOString(), fields } satisfies Draft));
    sessionStorage.setItem(PLACE + key, place);
    return true;
  } catch {
    return false;
  }
}

function placeOf(key: string): string {
  const first = fullKey(key);
  const known = sessionStorage.getItem(PLACE + key);
  if (known?.startsWith(first)) {
    return known;
  }
  return readAt(first).length === 0 ? first : `${first}~${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

export function adoptDraft(key: string, { place }: KeptDraft): void {
  sessionStorage.setItem(PLACE + key, place);
}

export function dropDraft({ place }: KeptDraft): void {
  localStorage.removeItem(place);
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
    localStorage.removeItem(sessionStorage.getItem(PLACE + key) ?? fullKey(key));
    sessionStorage.removeItem(PLACE + key);
  }
}
