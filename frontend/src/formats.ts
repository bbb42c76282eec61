// The format in which a prompt is written: a text, the cards of a chat, or JSON. A change loses nothing, or is refused with the reason.
//
// The textarea has the text or the JSON at all times. The field `written_as` tells which, so that a draft brings its format back, too.

import { chatOf, entriesOf, cardOf, isPlain, newMessage, Refused } from "./chat-entries";
import { ChatList } from "./chat-list";
import { element } from "./dialogs";
import type { Editor } from "./editor";
import { declaredBy } from "./variables";

type Format = "text" | "chat" | "json";

export class PromptFormats {
  private readonly list: ChatList;
  private readonly problem = element("p", { className: "problem", id: "format-problem", hidden: true });
  private isWriting = false;

  constructor(
    field: HTMLElement,
    private readonly textarea: HTMLTextAreaElement,
    private readonly editor: Editor,
    private readonly select: HTMLSelectElement,
    private readonly writtenAs: HTMLInputElement,
  ) {
    this.list = new ChatList(textarea.form, declaredBy(textarea.dataset["declared"]), (text) => this.give(text));
    this.problem.setAttribute("role", "alert");
    field.querySelector(".toolbar")?.after(this.problem);
    textarea.after(this.list.element);
    this.follow();
    if (textarea.hidden && textarea.dataset["name"]) {
      // After "Back" browsers put back what was chosen, but not the text of a field that had no name.
      this.select.value = this.writtenAs.value = "chat";
    }
    this.show();
    if (textarea.autofocus && this.format === "chat") {
      this.list.focus();
    }
  }

  private get format(): Format {
    return this.writtenAs.value as Format;
  }

  private follow(): void {
    const { form } = this.textarea;
    // Before the editor, which chooses its language by the format.
    form?.addEventListener("change", (event) => event.target === this.select && this.change(), { capture: true });
    form?.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
    form?.addEventListener("formdata", () => this.list.flush());
    window.addEventListener("pagehide", () => this.list.flush(), { capture: true });
    this.textarea.addEventListener("input", () => !this.isWriting && this.show());
    for (const link of document.querySelectorAll(`a[href="#${CSS.escape(this.textarea.id)}"]`)) {
      link.addEventListener("click", () => this.format === "chat" && this.list.focus());
    }
    for (const label of this.textarea.labels ?? []) {
      label.addEventListener("click", () => this.format === "chat" && this.list.focus());
    }
  }

  private change(): void {
    const wanted = this.select.value as Format;
    if (wanted !== this.format) {
      this.editor.give();
      this.list.flush();
      try {
        const text = converted(this.textarea.value, this.format, wanted);
        this.writtenAs.value = wanted;
        this.give(text);
      } catch (error) {
        this.refuse(error);
        return;
      }
    }
    this.say("");
    this.show();
  }

  // Show the text in its format. JSON that makes no cards is shown as JSON.
  private show(): void {
    if (this.format === "chat") {
      try {
        this.list.show(entriesOf(this.textarea.value), this.textarea.value);
      } catch (error) {
        this.select.value = this.writtenAs.value = "json";
        this.refuse(error);
      }
    }
    const isChat = this.format === "chat";
    this.list.element.hidden = !isChat;
    this.editor.isShown = !isChat;
  }

  private refuse(error: unknown): void {
    if (!(error instanceof Refused)) {
      throw error;
    }
    this.select.value = this.format;
    this.say(error.message);
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === "";
  }

  private give(text: string): void {
    if (text !== this.textarea.value) {
      this.isWriting = true;
      this.textarea.value = text;
      this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
      this.isWriting = false;
    }
  }

  private onSubmit(event: SubmitEvent): void {
    if (this.format !== "chat") {
      return;
    }
    this.list.flush();
    const isChecked = !(event.submitter instanceof HTMLButtonElement && event.submitter.formNoValidate);
    if (isChecked && !this.list.check()) {
      event.preventDefault();
    }
  }
}

function converted(text: string, from: Format, to: Format): string {
  if (to === "chat") {
    try {
      entriesOf(text);
      return text;
    } catch (error) {
      if (from === "text") {
        return chatOf([newMessage("system", text)]);
      }
      throw error;
    }
  }
  return from === "chat" && to === "text" ? textOf(entriesOf(text)) : text;
}

function textOf(entries: readonly string[]): string {
  const cards = entries.map(cardOf);
  const [card] = cards;
  if (cards.length === 1 && card && isPlain(card)) {
    return card.text ?? "";
  }
  const here = cards.length === 1 ? "This message has other fields, too." : `This chat has ${cards.length} messages.`;
  throw new Refused(`Only a chat with one message and nothing else can become a text. ${here}`);
}
