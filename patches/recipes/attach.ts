import { exactly, importFrom, named, nodes } from '../engine/anchors';
import type { Recipe } from '../engine/recipe';

export const attach: Recipe = {
  id: 'attach',
  file: 'src/main.ts',
  why: "The host's live objects are bundled into its own files; only its own source can hand them over.",
  removeWhen: 'The host exports its event manager, monitor and controllers to plugins at run time.',
  promise: 'the plugin never sees an event, a send or a logout, so nothing is kept and nothing is put in order',
  seam: /\battachGuard\b|from ['"]evolution-guard['"]/,
  edits: [
    {
      anchor: {
        words: 'the import from @api/server.module',
        example: "import { eventManager, waMonitor } from '@api/server.module';",
        find: importFrom('@api/server.module'),
      },
      position: 'after',
      lines: [
        "import { attach as attachGuard } from 'evolution-guard';",
        "import * as serverModule from '@api/server.module';",
      ],
    },
    {
      // Before the router, so that the plugin's own routes come ahead of the host's.
      anchor: {
        words: "the statement app.use('/', router) in the async function bootstrap",
        example: "app.use('/', router);",
        find: nodes({
          kind: 'expression_statement',
          has: {
            kind: 'call_expression',
            all: [
              {
                has: {
                  field: 'function',
                  kind: 'member_expression',
                  all: [
                    { has: { field: 'object', regex: exactly('app') } },
                    { has: { field: 'property', regex: exactly('use') } },
                  ],
                },
              },
              {
                has: {
                  field: 'arguments',
                  all: [
                    { has: { kind: 'string', nthChild: 1, has: { kind: 'string_fragment', regex: exactly('/') } } },
                    { has: { kind: 'identifier', nthChild: 2, regex: exactly('router') } },
                  ],
                },
              },
            ],
          },
          inside: {
            kind: 'statement_block',
            inside: { ...named('function_declaration', 'bootstrap'), regex: '^async\\s' },
          },
        }),
      },
      position: 'before',
      lines: ['await attachGuard({ app, configService, host: serverModule });'],
    },
  ],
};
