import { EventEmitter, once } from 'node:events';
import type { Log } from '../../src/core/log';

export interface RecordedLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

export interface RecordingLog extends Log {
  lines: RecordedLine[];
  /** Resolves when the condition holds; asked again after every line. */
  until(condition: () => boolean): Promise<void>;
}

/** A log that keeps what it is told. */
export function recordingLog(): RecordingLog {
  const lines: RecordedLine[] = [];
  const written = new EventEmitter();
  const at =
    (level: RecordedLine['level']) =>
    (first: unknown, second?: unknown): void => {
      const fields = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
      lines.push({ level, fields, message: String(second ?? first) });
      written.emit('line');
    };
  const until = async (condition: () => boolean) => {
    while (!condition()) await once(written, 'line');
  };
  return { lines, until, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as never;
}
