// Keeps "3 minutes ago" true while a page stays open. The words are those of the server.

const EVERY = 30_000;

const UNITS: readonly (readonly [number, string])[] = [
  [365 * 86_400, "year"],
  [30 * 86_400, "month"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];

export function formatAgo(seconds: number): string {
  for (const [length, unit] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) {
      return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
  }
  return "just now";
}

export function startTimes(): void {
  setInterval(() => {
    if (!document.hidden) {
      refresh();
    }
  }, EVERY);
}

function refresh(): void {
  for (const shown of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const text = shown.textContent?.trim() ?? "";
    const moment = Date.parse(shown.dateTime);
    if (!Number.isNaN(moment) && (text === "just now" || text.endsWith(" ago"))) {
      shown.textContent = formatAgo((Date.now() - moment) / 1000);
    }
  }
}
