// Says to screen readers what others see happen.

let place: HTMLElement | undefined;

export function announce(text: string): void {
  if (!place) {
    place = document.createElement("p");
    place.className = "visually-hidden";
    place.setAttribute("role", "status");
    document.querySelector("main")?.append(place);
  }
  place.textContent = text;
}
