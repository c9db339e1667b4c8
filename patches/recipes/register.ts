import { importFrom } from '../engine/anchors';
import type { Recipe } from '../engine/recipe';

export const register: Recipe = {
  id: 'register',
  file: 'src/main.ts',
  why: 'Settings must be checked, and the seams must exist, before the host creates its caches and connections at import.',
  removeWhen: 'The host loads plugins before its own modules.',
  promise:
    'seams find no plugin behind them when the host starts: no event is kept and no cache is read from the primary',
  seam: /['"]evolution-guard\/register['"]/,
  edits: [
    {
      // Sentry stays first: it can only instrument what is imported after it.
      anchor: {
        words: 'the import of @utils/instrumentSentry',
        example: "import '@utils/instrumentSentry';",
        find: importFrom('@utils/instrumentSentry'),
      },
      position: 'after',
      lines: ["import 'evolution-guard/register';"],
    },
  ],
};
