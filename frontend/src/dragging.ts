// Items of a list that are dragged by their grips, with a mouse, a pen or a finger.

const EDGE = 80;
const SPEED = 14;

export function startDragging(list: HTMLElement, onMove: (from: number, to: number) => void): void {
  list.addEventListener("pointerdown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest<HTMLElement>(".grip") : null;
    const item = grip?.closest<HTMLElement>(".entry");
    if (grip && item && event.button === 0) {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      new Drag(list, grip, item, event, onMove);
    }
  });
}

class Drag {
  private readonly ended = new AbortController();
  private y: number;
  private target = -1;

  constructor(
    private readonly list: HTMLElement,
    grip: HTMLElement,
    private readonly item: HTMLElement,
    { clientY }: PointerEvent,
    private readonly onMove: (from: number, to: number) => void,
  ) {
    this.y = clientY;
    const { signal } = this.ended;
    item.classList.add("is-dragged");
    grip.addEventListener("pointermove", (event) => this.follow(event.clientY), { signal });
    grip.addEventListener("pointerup", () => this.drop(), { signal });
    grip.addEventListener("pointercancel", () => this.end(), { signal });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.end(), { signal });
    this.scroll();
  }

  private get items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>(":scope > .entry")];
  }

  private follow(y: number): void {
    this.y = y;
    const items = this.items;
    const found = items.findIndex((item) => {
      const { top, height } = item.getBoundingClientRect();
      return y < top + height / 2;
    });
    this.target = found < 0 ? items.length : found;
    items.forEach((item, index) => {
      item.classList.toggle("drop-above", index === this.target);
      item.classList.toggle("drop-below", this.target === items.length && index === items.length - 1);
    });
  }

  // Near the edges of the window the page goes along.
  private scroll(): void {
    if (this.ended.signal.aborted) {
      return;
    }
    const by = this.y < EDGE ? -SPEED : this.y > window.innerHeight - EDGE ? SPEED : 0;
    if (by !== 0 && this.target >= 0) {
      window.scrollBy({ top: by, behavior: "instant" });
      this.follow(this.y);
    }
    requestAnimationFrame(() => this.scroll());
  }

  private drop(): void {
    const from = this.items.indexOf(this.item);
    const to = this.target > from ? this.target - 1 : this.target;
    this.end();
    if (to >= 0) {
      this.onMove(from, to);
    }
  }

  private end(): void {
    this.ended.abort();
    for (const item of this.items) {
      item.classList.remove("is-dragged", "drop-above", "drop-below");
    }
  }
}
