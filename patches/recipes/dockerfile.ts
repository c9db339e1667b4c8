import { first } from '../engine/anchors';
import { GUARD_FOLDER } from '../engine/layout';
import type { Recipe } from '../engine/recipe';

export const dockerfile: Recipe = {
  id: 'dockerfile',
  file: 'Dockerfile',
  optional: true,
  why: 'Inside the image npm installs before the source is copied, and needs the tarball that package.json points to.',
  removeWhen: 'The plugin is installed from a package registry.',
  promise: 'docker build fails, since npm does not find the tarball',
  seam: /^\s*COPY\s.*\bevolution-guard\b/im,
  edits: [
    {
      anchor: {
        words: 'an instruction that runs npm ci or npm install',
        example: 'RUN npm ci',
        // With the lines that a backslash continues, so that COPY never lands within the instruction.
        find: first(/^[ \t]*RUN[ \t](?:[^\n]*\\\r?\n)*?[^\n]*\bnpm[ \t]+(?:ci|install|i)\b[^\n]*/im),
      },
      position: 'before',
      lines: [`COPY ./${GUARD_FOLDER} ./${GUARD_FOLDER}`, ''],
    },
  ],
};
