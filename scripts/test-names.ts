import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** Names of tests are sentences that say what the product does, so the same name twice is one test too many. */
const root = join(__dirname, '..');
const places = new Map<string, string[]>();

for (const entry of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })) {
  if (entry.endsWith('.test.ts')) collect(join(root, 'test', entry));
}
const duplicates = [...places].filter(([, where]) => where.length > 1);
for (const [name, where] of duplicates) console.error(`"${name}" is the name of ${where.join(' and ')}`);
process.exitCode = duplicates.length > 0 ? 1 : 0;

function collect(path: string): void {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  visit(file, []);

  function visit(node: ts.Node, groups: readonly string[]): void {
    const { kind, name } = readCall(node);
    if (kind === 'describe') return ts.forEachChild(node, (child) => visit(child, [...groups, name]));
    if (kind === 'test') {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      const fullName = [...groups, name].join(' ');
      places.set(fullName, [...(places.get(fullName) ?? []), `${relative(root, path)}:${line + 1}`]);
    }
    ts.forEachChild(node, (child) => visit(child, groups));
  }
}

/** Recognizes `it('…')`, `describe.each([…])('…')`, and own names such as `itOnLinux('…')`. */
function readCall(node: ts.Node): { kind?: 'describe' | 'test'; name: string } {
  if (!ts.isCallExpression(node)) return { name: '' };
  const [title] = node.arguments;
  if (!title || !(ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) return { name: '' };
  const name = ts.isStringLiteralLike(title) ? title.text : title.getText();
  const callee = calledName(node.expression) ?? '';
  if (callee === 'describe') return { kind: 'describe', name };
  return /^(it|test)([A-Z]|$)/.test(callee) ? { kind: 'test', name } : { name: '' };
}

function calledName(expression: ts.Expression): string | undefined {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression)) {
    return calledName(expression.expression);
  }
  return ts.isTaggedTemplateExpression(expression) ? calledName(expression.tag) : undefined;
}
