import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { createVhost } from '../helpers/services';
import { event, TestQueue } from './consumer-rig';

const ROOT = join(__dirname, '../..');
const PACKAGE = join(ROOT, 'src/index');

/** The program in docs/consumers.md, with the package where it lies here. */
function program(): string {
  const page = readFileSync(join(ROOT, 'docs/consumers.md'), 'utf8');
  const [, text] = /```ts\n([^]*?)```/.exec(page) ?? [];
  if (!text) throw new Error('docs/consumers.md has no program');
  return text.replace("'evolution-guard'", JSON.stringify(PACKAGE));
}

describe('the program in docs/consumers.md', () => {
  let folder: string;
  let file: string;
  let queue: TestQueue;
  let url: string;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    url = await createVhost();
    queue = await TestQueue.open(url);
    folder = mkdtempSync(join(tmpdir(), 'guard-example-'));
    file = join(folder, 'program.ts');
    writeFileSync(file, program());
  });

  afterAll(async () => {
    child?.kill('SIGKILL');
    await queue.close();
    rmSync(folder, { recursive: true });
  });

  it('compiles against the types of the package', () => {
    const config: unknown = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name)).config;
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const typeRoots = [join(ROOT, 'node_modules/@types')];
    const compiled = ts.createProgram([file], { ...options, rootDir: '/', typeRoots });
    const problems = compiled.getSemanticDiagnostics(compiled.getSourceFile(file));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('handles events, and ends by itself when it is told to', async () => {
    await queue.publish(event('5511900000001@s.whatsapp.net', 1));
    await queue.publishBare(
      JSON.stringify({
        event: 'messages.upsert',
        instance: 'shop',
        data: { message: { conversation: 'Good morning' } },
      }),
    );
    child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), file], {
      env: { ...process.env, RABBITMQ_URI: url, QUEUE: queue.name },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    while (!output.includes('Good morning')) await once(child.stdout!, 'data');
    expect(output).toContain('shop : Good morning\n');
    expect((await queue.take(`${queue.name}.dead`)).properties.headers).toMatchObject({
      'guard-dead-detail': 'an event without a message',
    });
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(output).toContain('{ handled: 1, failedAttempts: 1, deadLettered: 1, duplicates: 0 }');
  });
});
