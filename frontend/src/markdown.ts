// Markdown that stays quick in long texts: no key makes the parser read more than a few kilobytes again.
//
// The parser keeps whole blocks only, and reads the marks within a paragraph from its beginning at every key. A paragraph without
// an end is divided, for its colours only, and within a very long line there are none.

import { markdownLanguage } from "@codemirror/lang-markdown";
import { Language } from "@codemirror/language";
import type { BlockContext, LeafBlock, Line, MarkdownParser } from "@lezer/markdown";

const MAX_CHARACTERS = 5_000;

const isLong = (line: Line): boolean => line.text.length > MAX_CHARACTERS;

const longTexts = {
  parseBlock: [
    {
      name: "LongLine",
      before: "LinkReference",
      parse(context: BlockContext, line: Line): boolean {
        if (!isLong(line)) {
          return false;
        }
        context.addElement(context.elt("Paragraph", context.lineStart + line.pos, context.lineStart + line.text.length));
        context.nextLine();
        return true;
      },
      endLeaf: (_: BlockContext, line: Line, leaf: LeafBlock): boolean => isLong(line) || leaf.content.length > MAX_CHARACTERS,
    },
  ],
};

const parser = (markdownLanguage.parser as MarkdownParser).configure(longTexts);

export const markdown = new Language(markdownLanguage.data, parser, [], "markdown");
