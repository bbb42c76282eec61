// The cards of a chat, with all that moves, adds and removes them: buttons, keys and dragging.

import { announce } from "./announce";
import { ChatCard, type Surroundings } from "./chat-card";
import { chatOf, newMessage, newPlaceholder } from "./chat-entries";
import { element } from "./dialogs";
import { startDragging } from "./dragging";
import type { Declared } from "./variables";

const PAUSE = 150;

export class ChatList {
  readonly element = element("div", { className: "chat" });
  private readonly list = element("ol", { className: "cards" });
  private readonly removed = element("li", { className: "notice removed" });
  private readonly around: Surroundings;
  private cards: ChatCard[] = [];
  private text = "";
  private timer = 0;
  private isChanged = false;

  constructor(
    form: HTMLFormElement | null,
    declared: Declared,
    private readonly onChange: (text: string) => void,
  ) {
    this.around = { form, declared, onChange: () => this.touch() };
    const add = (name: string, raw: () => string): HTMLButtonElement =>
      button(name, "button", () => this.insert(this.make(raw()), this.cards.length));
    this.element.append(
      this.list,
      element("p", { className: "actions" }, add("Add a message", () => newMessage(this.nextRole)), add("Add a placeholder", () => newPlaceholder("history"))),
    );
    this.list.addEventListener("keydown", (event) => this.onKey(event), { capture: true });
    startDragging(this.list, (from, to) => {
      const card = this.cards[from];
      if (card) {
        this.move(card, to);
      }
    });
  }

  // Show the entries of a text, unless they are shown already.
  show(entries: readonly string[], text: string): void {
    if (text !== this.text || this.cards.length === 0) {
      this.text = text;
      this.cards.forEach((card) => card.dispose());
      this.cards = entries.map((raw) => this.make(raw));
      this.list.replaceChildren(...this.cards.map((card) => card.element));
      this.number();
    }
  }

  focus(): void {
    this.cards[0]?.focus();
  }

  // Write the chat, if something has changed since.
  flush(): void {
    clearTimeout(this.timer);
    if (this.isChanged) {
      this.isChanged = false;
      this.text = chatOf(this.cards.map((card) => card.json));
      this.onChange(this.text);
    }
  }

  // Tell what is wrong with the first card that makes no message; return true if all do.
  check(): boolean {
    return this.cards.every((card) => card.check());
  }

  private touch(): void {
    this.isChanged = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE);
  }

  private get nextRole(): string {
    return this.cards.at(-1)?.title === "message of user" ? "assistant" : "user";
  }

  private make(raw: string): ChatCard {
    const card = new ChatCard(raw, this.around);
    const grip = element("span", { className: "grip", title: "Drag to move" });
    grip.setAttribute("aria-hidden", "true");
    card.fill(grip, this.controlsOf(card));
    return card;
  }

  private controlsOf(card: ChatCard): HTMLElement {
    const menu = element("details", { className: "menu end" }, element("summary", { className: "button quiet" }, "More"));
    const items = element("ul");
    const offer = (name: string, act: () => void): void =>
      items.append(
        element(
          "li",
          {},
          button(name, "", () => {
            menu.open = false;
            act();
          }),
        ),
      );
    for (const [where, by] of [["above", 0], ["below", 1]] as const) {
      offer(`Add a message ${where}`, () => this.addAt(card, by));
      offer(`Add a placeholder ${where}`, () => this.insert(this.make(newPlaceholder("history")), this.cards.indexOf(card) + by));
    }
    offer("Edit other fields", () => card.showOtherFields());
    offer("Remove", () => this.remove(card));
    menu.append(items);
    return element(
      "div",
      { className: "actions" },
      button("↑", "button quiet", () => this.step(card, -1), "Move up"),
      button("↓", "button quiet", () => this.step(card, 1), "Move down"),
      menu,
    );
  }

  private addAt(card: ChatCard, by: number): void {
    this.insert(this.make(newMessage("user")), this.cards.indexOf(card) + by);
  }

  private insert(card: ChatCard, place: number): void {
    const following = this.cards[place];
    this.cards.splice(place, 0, card);
    this.list.insertBefore(card.element, following?.element ?? null);
    this.changed(`${card.isMessage ? "Message" : "Placeholder"} added at place ${place + 1} of ${this.cards.length}.`);
    card.element.scrollIntoView({ block: "nearest" });
    card.focus();
  }

  private remove(card: ChatCard): void {
    const place = this.cards.indexOf(card);
    const { title } = card;
    this.cards.splice(place, 1);
    const back = button("Put it back", "button", () => this.insert(card, Math.min(place, this.cards.length)));
    this.removed.replaceChildren(element("p", {}, `The ${title} is removed.`), back);
    card.element.replaceWith(this.removed);
    this.changed(`The ${title} is removed. ${this.cards.length} left.`, true);
    back.focus();
  }

  // Move a card by one place. Its neighbour goes to its other side, so that the focus stays in the card.
  private step(card: ChatCard, by: 1 | -1): void {
    const place = this.cards.indexOf(card);
    const neighbour = this.cards[place + by];
    if (!neighbour) {
      announce(by < 0 ? "This is the first one." : "This is the last one.");
      return;
    }
    this.cards[place] = neighbour;
    this.cards[place + by] = card;
    if (by < 0) {
      card.element.after(neighbour.element);
    } else {
      card.element.before(neighbour.element);
    }
    this.moved(card);
  }

  private move(card: ChatCard, to: number): void {
    const from = this.cards.indexOf(card);
    if (from !== to) {
      this.cards.splice(from, 1);
      this.cards.splice(to, 0, card);
      this.list.insertBefore(card.element, this.cards[to + 1]?.element ?? null);
      this.moved(card);
    }
  }

  private moved(card: ChatCard): void {
    this.changed(`Moved to place ${this.cards.indexOf(card) + 1} of ${this.cards.length}.`);
    card.element.scrollIntoView({ block: "nearest" });
  }

  private changed(notice: string, isRemoval = false): void {
    if (!isRemoval) {
      this.removed.remove();
    }
    this.number();
    this.touch();
    announce(notice);
  }

  private number(): void {
    this.cards.forEach((card, index) => card.number(index + 1, this.cards.length));
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target instanceof Element ? event.target.closest(".entry") : null;
    const place = this.cards.findIndex((each) => each.element === target);
    const card = this.cards[place];
    if (!card || !event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const act = this.actionOf(event, card, place);
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }

  private actionOf({ key, shiftKey }: KeyboardEvent, card: ChatCard, place: number): (() => void) | undefined {
    if (key === "Enter") {
      return () => this.addAt(card, shiftKey ? 0 : 1);
    }
    const others: Record<string, () => void> = shiftKey
      ? {
          ArrowUp: () => this.step(card, -1),
          ArrowDown: () => this.step(card, 1),
          Delete: () => this.remove(card),
          Backspace: () => this.remove(card),
        }
      : { PageUp: () => this.cards[place - 1]?.focus(), PageDown: () => this.cards[place + 1]?.focus() };
    return Object.hasOwn(others, key) ? others[key] : undefined;
  }
}

function button(text: string, className: string, onClick: () => void, label?: string): HTMLButtonElement {
  const made = element("button", { type: "button", className }, text);
  if (label) {
    made.setAttribute("aria-label", label);
    made.title = label;
  }
  made.addEventListener("click", onClick);
  return made;
}
