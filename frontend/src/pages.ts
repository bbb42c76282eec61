// Pages that scripts fetch to show a part of them: the same pages, from the same addresses, that links lead to.

export class GoThere extends Error {}

// Return the page at an address. Raises GoThere if the browser has to load the page itself, such as to sign in again.
export async function fetchPage(address: string, signal?: AbortSignal): Promise<Document> {
  const answer = await fetch(address, { ...(signal && { signal }), headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) {
    throw new GoThere(address);
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
