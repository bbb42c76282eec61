// "Try it": a field for each variable, and what programs send with these values: a text, or messages that stay valid JSON.

import { type Insertions, insertionsOf } from "./compile";
import { copyText } from "./copy";
import { element } from "./dialogs";
import { readTemplate, type Template } from "./templates";
import { Fields } from "./try-fields";
import { Result, resultText } from "./try-result";
import { type Contract, problemsOf, readContract, variablesToFill } from "./values";

const PAUSE = 150;
const MAX_PROBLEMS = 20;

type Source = HTMLInputElement | HTMLTextAreaElement;

export function startTrying(): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-try]")) {
    const form = section.closest("form");
    const source = section.querySelector<Source>("[data-try-source]") ?? form?.querySelector<Source>("textarea[name=prompt]");
    const contract = section.querySelector<Source>("[data-try-variables]") ?? form?.querySelector<Source>("textarea[name=variables]");
    if (!source) {
      continue;
    }
    const address = section.dataset["try"];
    if (address) {
      offerLoading(section, source, address, () => new Trial(section, source, contract ?? null));
    } else {
      new Trial(section, source, contract ?? null);
    }
  }
}

// A text that is too long to be in the page twice comes when it is tried.
function offerLoading(section: HTMLElement, source: Source, address: string, start: () => void): void {
  const button = element("button", { type: "button", className: "button" }, "Load the whole text");
  const outcome = section.querySelector<HTMLElement>("[data-try-outcome]");
  const show = (isLoaded: boolean): void => {
    button.hidden = isLoaded;
    outcome?.toggleAttribute("hidden", !isLoaded);
  };
  button.addEventListener("click", async () => {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) {
      button.textContent = "The text could not be loaded. Try again";
      return;
    }
    source.value = await answer.text();
    show(true);
    start();
    section.querySelector<HTMLElement>("[data-variable]")?.focus();
  });
  outcome?.before(button);
  section.hidden = false;
  show(false);
}

class Trial {
  private readonly fields: Fields;
  private readonly result: Result;
  private readonly problems: HTMLElement;
  private contract: Contract | undefined;
  private template: Template;
  private variables: Contract = new Map();
  private timer = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly source: Source,
    private readonly declarations: Source | null,
  ) {
    const part = (name: string): HTMLElement => section.querySelector<HTMLElement>(`[data-try-${name}]`) ?? element("div");
    this.template = readTemplate(source.value);
    this.fields = new Fields(part("values"), () => this.showResult());
    this.result = new Result(part("result"));
    this.problems = part("problems");
    const copy = part("copy");
    copy.addEventListener("click", () => void copyText(copy, resultText(source.value, this.template, this.insertions())));
    const onChange = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), PAUSE);
    };
    source.addEventListener("input", onChange);
    declarations?.addEventListener("input", onChange);
    this.show();
  }

  private show(): void {
    const contract = readContract(this.declarations?.value ?? "");
    // While one writes it, it is for a time no contract.
    this.contract = contract === null ? this.contract : contract;
    this.template = readTemplate(this.source.value);
    this.variables = variablesToFill(this.template, this.contract);
    this.section.hidden = this.variables.size === 0;
    this.fields.show(this.variables);
    this.showResult();
  }

  private insertions(): Insertions {
    return insertionsOf(this.template, this.variables, this.fields.given());
  }

  private showResult(): void {
    const given = this.fields.given();
    const problems = problemsOf(this.variables, given);
    this.fields.tell(problems, given);
    const sentences = problems.slice(0, MAX_PROBLEMS).map(({ sentence }) => element("li", {}, sentence));
    const more = problems.length - sentences.length;
    this.problems.hidden = problems.length === 0;
    this.problems.replaceChildren(...sentences, ...(more ? [element("li", {}, `And ${more} more.`)] : []));
    this.result.show(this.source.value, this.template, this.insertions());
  }
}
