import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REGISTRY } from '../../src/core/error-registry';
import { describe as say, GuardError } from '../../src/core/errors';

const ROOT = join(__dirname, '..', '..');

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated') && !name.endsWith('error-registry.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'));
}

describe('errors', () => {
  it.each(Object.keys(REGISTRY))('%s is raised somewhere and explained in the docs', (code) => {
    const code_ = new RegExp(`\\b${code}\\b`);
    expect([...sources('src'), ...sources('patches')].some((text) => code_.test(text))).toBe(true);
    expect(readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8')).toMatch(code_);
  });

  it('an error says its code, what happened and what to do', () => {
    const error = new GuardError('GUARD_SCHEMA_FOREIGN', 'Schema "guard" belongs to "a".');
    expect(error.message).toBe(
      'GUARD_SCHEMA_FOREIGN: The database schema belongs to another installation. Schema "guard" belongs to "a". ' +
        'Remedy: Give each DATABASE_CONNECTION_CLIENT_NAME its own GUARD_DATABASE_SCHEMA.',
    );
  });

  it('an error without a message of its own is described by those that it holds', () => {
    expect(say(new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')]))).toBe(
      'connect ::1; connect 127.0.0.1',
    );
  });
});
