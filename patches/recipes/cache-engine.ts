import { importFrom, named, nodes } from '../engine/anchors';
import type { Recipe } from '../engine/recipe';

export const cacheEngine: Recipe = {
  id: 'cache-engine',
  file: 'src/cache/cacheengine.ts',
  why: 'Cache engines are created while modules load and are never exported, so nothing can wrap them later.',
  removeWhen: 'The host takes its cache engine from a factory that can be replaced.',
  promise: 'cache reads may come from a lagging Redis replica, and state may go back in time after a failover',
  seam: /\bguardCacheEngine\b/,
  edits: [
    {
      anchor: {
        words: 'the import from @api/abstract/abstract.cache',
        example: "import { ICache } from '@api/abstract/abstract.cache';",
        find: importFrom('@api/abstract/abstract.cache'),
      },
      position: 'after',
      lines: ["import { cacheEngine as guardCacheEngine } from 'evolution-guard';"],
    },
    {
      anchor: {
        words: 'the last statement in the constructor of the class CacheEngine',
        example: 'export class CacheEngine { constructor(configService, module) {',
        find: nodes({
          nthChild: { position: 1, reverse: true },
          inside: {
            kind: 'statement_block',
            inside: {
              ...named('method_definition', 'constructor'),
              inside: { kind: 'class_body', inside: named('class_declaration', 'CacheEngine') },
            },
          },
        }),
      },
      position: 'after',
      lines: ['this.engine = guardCacheEngine(this.engine, module);'],
    },
  ],
};
