import { Lang, parse, type Rule } from '@ast-grep/napi';
import type { Anchor, Span } from './recipe';

/** Finds TypeScript nodes by a rule of ast-grep. */
export function nodes(rule: Rule): Anchor['find'] {
  return (text) => matches(text, rule).map((node) => spanOf(node.range()));
}

/** The statement that imports from `source`, whatever it imports and whichever quotes it uses. */
export function importFrom(source: string): Anchor['find'] {
  return nodes({
    kind: 'import_statement',
    has: { field: 'source', has: { kind: 'string_fragment', regex: exactly(source) } },
  });
}

/** The rule of a node whose name (of a function, class, method or property) is `name`. */
export function named(kind: string, name: string): Rule {
  return { kind, has: { field: 'name', regex: exactly(name) } };
}

export interface JsonEntry {
  key: string;
  span: Span;
}

/** The entries of a top-level object of a JSON document. */
export function jsonEntries(text: string, objectKey: string): JsonEntry[] {
  const entry: Rule = {
    kind: 'pair',
    inside: {
      kind: 'object',
      inside: {
        kind: 'pair',
        has: { field: 'key', has: { kind: 'string_fragment', regex: exactly(objectKey) } },
        inside: { kind: 'object', inside: { kind: 'parenthesized_expression' } },
      },
    },
  };
  // In parentheses a JSON document is a TypeScript expression; bare, its first brace would open a block.
  return matches(`(${text})`, entry).map((node) => {
    const { start, end } = spanOf(node.range());
    return { key: JSON.parse(node.field('key')?.text() ?? '""') as string, span: { start: start - 1, end: end - 1 } };
  });
}

/** The first stretch that `pattern` matches, for files that have no syntax tree here. */
export function first(pattern: RegExp): Anchor['find'] {
  return (text) => {
    const match = pattern.exec(text);
    return match ? [{ start: match.index, end: match.index + match[0].length }] : [];
  };
}

export function exactly(text: string): string {
  return `^${text.replace(/[^\w/@-]/g, '\\$&')}$`;
}

function matches(text: string, rule: Rule) {
  return parse(Lang.TypeScript, text).root().findAll({ rule });
}

function spanOf(range: { start: { index: number }; end: { index: number } }): Span {
  return { start: range.start.index, end: range.end.index };
}
