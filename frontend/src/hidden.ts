// Characters that readers cannot see, by the rule of promptuary.model.hidden_characters, which says what is left out and why.
//
// tests/vectors/hidden.json checks both.

const EMOJI =
  String.raw`\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff` +
  String.raw`\u3030\u303d\u3297\u3299\u{1f000}-\u{1faff}`;
const JOINING =
  String.raw`\u0600-\u061b\u061d-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1800-\u180a` +
  String.raw`\u1810-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua840-\ua87f\ua8e0-\ua8ff\ua980-\ua9df\uaae0-\uaaff\uabc0-\uabff` +
  String.raw`\u{10a00}-\u{10a5f}\u{10ac0}-\u{10aff}\u{11000}-\u{116cf}\u{1e900}-\u{1e95f}`;
const CJK =
  String.raw`\u3001-\u30ff\u3100-\u3163\u3165-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff9f\u{20000}-\u{3ffff}`;
const KEYCAP = "0-9#*";
const SELECTORS = String.raw`\ufe0e\ufe0f`;
const ALWAYS =
  String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5` +
  String.raw`\u180b-\u180f\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff` +
  String.raw`\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}` +
  String.raw`\u{e0000}-\u{10ffff}\u{1fffe}\u{1ffff}\u{2fffe}\u{2ffff}\u{3fffe}\u{3ffff}\u{4fffe}\u{4ffff}\u{5fffe}\u{5ffff}` +
  String.raw`\u{6fffe}\u{6ffff}\u{7fffe}\u{7ffff}\u{8fffe}\u{8ffff}\u{9fffe}\u{9ffff}\u{afffe}\u{affff}\u{bfffe}\u{bffff}` +
  String.raw`\u{cfffe}\u{cffff}\u{dfffe}\u{dffff}`;

export const HIDDEN = new RegExp(
  [
    `[${ALWAYS}]`,
    String.raw`\r(?!\n)`,
    String.raw`(?<![${JOINING}${EMOJI}${SELECTORS}])\u200d`,
    String.raw`(?<=[${EMOJI}${SELECTORS}])\u200d(?![${EMOJI}])`,
    String.raw`(?<![${JOINING}])\u200c`,
    `(?<![${EMOJI}${KEYCAP}])[${SELECTORS}]`,
    String.raw`(?<=[${KEYCAP}])[${SELECTORS}](?!\u20e3)`,
    String.raw`(?<![${CJK}])\u3000(?![${CJK}])`,
  ].join("|"),
  "gu",
);

export function codeOf(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

export function findHidden(text: string): string[] {
  return Array.from(text.matchAll(HIDDEN), (found) => codeOf(found[0].codePointAt(0) ?? 0));
}
