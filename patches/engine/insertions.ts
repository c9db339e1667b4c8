import type { Edit, Span } from './recipe';

/** Whole lines that a recipe puts into a file. `offset` counts in the text that already holds them. */
export interface Insertion {
  recipe: string;
  offset: number;
  text: string;
}

/** Whether whole lines can go there without cutting another statement, or a comment, in two. */
export function hasLineOfItsOwn(text: string, span: Span, position: Edit['position']): boolean {
  if (position === 'before') return text.slice(startOfLine(text, span.start), span.start).trim() === '';
  return /^\s*(\/\*[^\n]*\*\/\s*|\/\/.*)?$/.test(text.slice(span.end, endOfLine(text, span.end)));
}

/** The edit's lines as they go into `text` beside `span`; here `offset` counts in `text` as it is. */
export function insertionAt(text: string, span: Span, edit: Edit, recipe: string): Insertion {
  const newline = /\r?\n/.exec(text)?.[0] ?? '\n';
  const lineStart = startOfLine(text, span.start);
  const indentation = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
  const lines = edit.lines.map((line) => (line === '' ? '' : indentation + line));

  if (edit.position === 'before') return { recipe, offset: lineStart, text: lines.map((l) => l + newline).join('') };

  const next = text.indexOf('\n', span.end) + 1;
  if (next === 0) return { recipe, offset: text.length, text: lines.map((line) => newline + line).join('') };
  return { recipe, offset: next, text: lines.map((line) => line + newline).join('') };
}

/** Takes insertions whose offsets count in `original`, gives them back with offsets in `patched`. */
export function insert(original: string, insertions: readonly Insertion[]) {
  let patched = '';
  let taken = 0;
  const placed: Insertion[] = [];
  for (const insertion of [...insertions].sort((a, b) => a.offset - b.offset)) {
    patched += original.slice(taken, insertion.offset);
    taken = insertion.offset;
    placed.push({ ...insertion, offset: patched.length });
    patched += insertion.text;
  }
  return { patched: patched + original.slice(taken), insertions: placed };
}

export function remove(patched: string, insertions: readonly Insertion[]): string {
  return [...insertions]
    .sort((a, b) => b.offset - a.offset)
    .reduce((text, { offset, text: lines }) => text.slice(0, offset) + text.slice(offset + lines.length), patched);
}

function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end;
}
