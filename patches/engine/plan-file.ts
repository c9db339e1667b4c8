import { type Conflict, conflictAt } from './conflicts';
import { hasLineOfItsOwn, insert, type Insertion, insertionAt } from './insertions';
import type { Recipe } from './recipe';
import type { HostFile } from './survey';

export interface FilePlan {
  patched: string;
  insertions: Insertion[];
  conflicts: Conflict[];
}

/** What the recipes make of one file. All anchors are sought in the original, so no recipe can disturb another. */
export function planFile(file: HostFile, recipes: readonly Recipe[]): FilePlan {
  const wanted: Insertion[] = [];
  const conflicts: Conflict[] = [];
  for (const recipe of recipes) {
    if (file.state === 'absent' && recipe.optional) continue;
    for (const edit of recipe.edits) {
      const spans = edit.anchor
        .find(file.original)
        .filter((span) => hasLineOfItsOwn(file.original, span, edit.position));
      const [span] = spans;
      if (span && spans.length === 1) wanted.push(insertionAt(file.original, span, edit, recipe.id));
      else conflicts.push(conflictAt(recipe, edit, file, spans));
    }
  }
  return { ...insert(file.original, wanted), conflicts };
}
