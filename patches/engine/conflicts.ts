import { GuardError } from '../../src/core/errors';
import type { Edit, Recipe, Span } from './recipe';
import type { HostFile } from './survey';

export interface Candidate {
  /** Counted from 1. */
  line: number;
  text: string;
}

/** An anchor that is not there exactly once. */
export interface Conflict {
  recipe: string;
  file: string;
  anchor: string;
  expected: 1;
  found: number;
  fileExists: boolean;
  candidates: Candidate[];
  promise: string;
}

/** Every conflict of one run, not only the first. */
export class PatchConflictError extends GuardError {
  constructor(readonly conflicts: readonly Conflict[]) {
    super('GUARD_PATCH_CONFLICT', conflicts.map(inWords).join('\n'));
  }
}

const CANDIDATES = 3;
const LEAST_LIKENESS = 0.4;

export function conflictAt(recipe: Recipe, edit: Edit, file: HostFile, spans: readonly Span[]): Conflict {
  return {
    recipe: recipe.id,
    file: recipe.file,
    anchor: edit.anchor.words,
    expected: 1,
    found: spans.length,
    fileExists: file.state !== 'absent',
    candidates: candidates(file.original, edit.anchor.example, spans),
    promise: recipe.promise,
  };
}

function candidates(text: string, example: string, spans: readonly Span[]): Candidate[] {
  const lines = text.split('\n').map((line, index) => ({ line: index + 1, text: line.trim() }));
  if (spans.length > 0) {
    const matched = spans.slice(0, CANDIDATES).map((span) => text.slice(0, span.start).split('\n').length);
    return lines.filter(({ line }) => matched.includes(line));
  }
  return lines
    .map((candidate) => ({ candidate, likeness: likeness(candidate.text, example) }))
    .filter(({ likeness }) => likeness >= LEAST_LIKENESS)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, CANDIDATES)
    .map(({ candidate }) => candidate);
}

/** Dice's coefficient of the words in two lines: 1 for the same words, 0 for none in common. */
function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / (left.size + right.size || 1);
}

function wordsOf(line: string): Set<string> {
  const words = line
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return new Set(words ?? []);
}

function inWords({ recipe, file, anchor, expected, found, fileExists, candidates, promise }: Conflict): string {
  const nearest = candidates.map(({ line, text }) => `    line ${line}: ${text}`);
  const counts = `expected ${expected}, found ${found}${fileExists ? '' : ' (there is no such file)'}`;
  return [
    `- ${recipe}: ${file} should have ${anchor}, on a line of its own: ${counts}`,
    ...(nearest.length > 0 ? [found > 0 ? '  found:' : '  nearest:', ...nearest] : []),
    `  without it: ${promise}`,
  ].join('\n');
}
