// Says while one writes that a text has become too long to be published, which the server would say only when it is sent.

import { element } from "./dialogs";

const PAUSE = 400;
const BYTES_OF_A_CHARACTER = 6;

export function startLimits(): void {
  for (const textarea of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-max-bytes]")) {
    watch(textarea, Number(textarea.dataset["maxBytes"]));
  }
}

function watch(textarea: HTMLTextAreaElement, limit: number): void {
  const said = element("p", { className: "problem", hidden: true });
  said.setAttribute("role", "status");
  textarea.closest(".field")?.append(said);
  let timer = 0;
  textarea.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const excess = bytesOf(textarea, limit) - limit;
      said.hidden = excess <= 0;
      said.textContent = excess > 0 ? `This is ${excess.toLocaleString("en")} bytes too long to publish.` : "";
    }, PAUSE);
  });
}

// The bytes as the server counts them, quotes and escapes included; few characters need no counting.
function bytesOf({ value, form, dataset }: HTMLTextAreaElement, limit: number): number {
  if (value.length * BYTES_OF_A_CHARACTER < limit) {
    return 0;
  }
  const format = form?.querySelector<HTMLSelectElement>("select[data-format]")?.value ?? "text";
  const isText = dataset["editor"] === "prompt" && format === "text";
  return new TextEncoder().encode(isText ? JSON.stringify(value) : compact(value)).length;
}

// White space between the parts of JSON does not count.
function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
