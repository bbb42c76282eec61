// Texts in which every character can be seen, drawn as promptuary.web.prompts.visible_text draws them.
//
// A hidden character stays in the page, isolated, and the style sheet draws its code point before it.

import { element } from "./dialogs";
import { codeOf, HIDDEN } from "./hidden";

export function visible(text: string): (Node | string)[] {
  const shown: (Node | string)[] = [];
  let end = 0;
  for (const run of runsOf(text)) {
    shown.push(text.slice(end, run.start), drawRun(run));
    end = run.start + run.characters.length;
  }
  return [...shown, text.slice(end)].filter((part) => part !== "");
}

interface Run {
  readonly start: number;
  characters: string;
  count: number;
}

// The runs of the same hidden character.
function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    const last = runs.at(-1);
    if (last?.characters.endsWith(character) && last.start + last.characters.length === index) {
      last.characters += character;
      last.count += 1;
    } else {
      runs.push({ start: index, characters: character, count: 1 });
    }
  }
  return runs;
}

function drawRun({ characters, count }: Run): HTMLElement {
  const code = codeOf(characters.codePointAt(0) ?? 0);
  const span = element("span", { className: "hidden-character", dir: "ltr" }, characters);
  span.dataset["code"] = count > 1 ? `${code} (${count.toLocaleString("en")})` : code;
  return span;
}
