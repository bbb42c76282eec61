// JSON cut into its parts without reading them, so that what is not changed keeps every character: numbers of any size, the order
// of keys, white space.

export interface Member {
  readonly key: string;
  // The value as it is written.
  readonly raw: string;
}

const SPACE = /[ \t\r\n]*/y;

// Return the items of a text that is a JSON array, as they are written.
export function itemsOf(text: string): string[] {
  const items: string[] = [];
  eachPart(text, (at) => {
    const end = endOfValue(text, at);
    items.push(text.slice(at, end));
    return end;
  });
  return items;
}

// Return the members of a text that is a JSON object. Of those with the same key the last counts.
export function membersOf(text: string): Member[] {
  const members = new Map<string, Member>();
  eachPart(text, (at) => {
    const keyEnd = endOfValue(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = afterSpace(text, afterSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.set(key, { key, raw: text.slice(start, end) });
    return end;
  });
  return [...members.values()];
}

function eachPart(text: string, take: (at: number) => number): void {
  let at = afterSpace(text, afterSpace(text, 0) + 1);
  while (text[at] !== "]" && text[at] !== "}") {
    at = afterSpace(text, take(at));
    if (text[at] === ",") {
      at = afterSpace(text, at + 1);
    }
  }
}

function afterSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = text[at];
    if (character === undefined) {
      throw new SyntaxError("JSON ends within a value");
    }
    if (character === '"') {
      at = endOfString(text, at);
    } else if (character === "[" || character === "{") {
      depth += 1;
      at += 1;
    } else if (character === "]" || character === "}") {
      depth -= 1;
      at += 1;
    } else {
      at = depth > 0 ? at + 1 : endOfWord(text, at);
    }
  } while (depth > 0);
  return at;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') {
    at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && !" \t\r\n,]}".includes(text[at] ?? ",")) {
    at += 1;
  }
  return at;
}
