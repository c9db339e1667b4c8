import { jsonEntries } from '../engine/anchors';
import { tarballPath } from '../engine/layout';
import type { Recipe } from '../engine/recipe';

const NAME = 'evolution-guard';

export function dependency(version: string): Recipe {
  return {
    id: 'dependency',
    file: 'package.json',
    why: "The host's bundler leaves only listed dependencies outside; an unlisted one would be copied into every bundle.",
    removeWhen: 'The host has a folder for plugins that its bundler leaves alone.',
    promise:
      'the host does not build, or each of its bundles gets a plugin of its own that knows nothing of the others',
    seam: /"evolution-guard"\s*:\s*"/,
    edits: [
      {
        anchor: {
          words: 'an entry in dependencies that the new one can stand before',
          example: '"dependencies": {',
          find: nextInAlphabet,
        },
        position: 'before',
        lines: [`"${NAME}": "file:./${tarballPath(version)}",`],
      },
    ],
  };
}

/** Standing before an entry, never after the last one, the new line brings its own comma and changes no other line. */
function nextInAlphabet(text: string) {
  const entries = jsonEntries(text, 'dependencies');
  const next = entries.find(({ key }) => key > NAME) ?? entries.at(-1);
  return next ? [next.span] : [];
}
