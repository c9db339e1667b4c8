import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { PlannedFile } from './apply';

/** What the recipes do to the host's own files, as `git apply` and `patch -p1` take it. */
export function unifiedDiff(files: readonly PlannedFile[]): string {
  return files
    .filter((file) => file.original !== file.patched)
    .map(({ path, original, patched }) =>
      createTwoFilesPatch(`a/${path}`, `b/${path}`, original, patched, undefined, undefined, {
        context: 3,
        headerOptions: FILE_HEADERS_ONLY,
      }),
    )
    .join('');
}
