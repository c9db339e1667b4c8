import { describe, GuardError } from '../../core/errors';
import type { HttpStep } from './definition';
import type { HttpAnswer, HttpClient } from './http-client';
import type { StepEnd } from './run-parts';
import { originOf } from './step-records';

/** Marks what a sequence asks for, so that nothing that it leads to starts another one. */
export const SEQUENCE_HEADER = 'x-evolution-guard-sequence';

/** Statuses that say nothing about the request itself: a repeat may succeed. */
const PASSING = new Set([408, 425, 429]);

/** Makes the request of a step once. */
export async function runHttp(
  client: Pick<HttpClient, 'request'>,
  { http: { method, url, headers, body, timeoutMs } }: HttpStep,
  { sequenceId, index }: { sequenceId: string; index: number },
  signal: AbortSignal,
): Promise<StepEnd> {
  const own = { 'Idempotency-Key': `${sequenceId}-${index}`, [SEQUENCE_HEADER]: sequenceId };
  const [type, content] = encoded(body);
  try {
    const sent = { ...(type !== undefined && { 'Content-Type': type }), ...withoutCase(headers), ...own };
    return judged(url, await client.request({ method, url, headers: sent, body: content, timeoutMs }, signal));
  } catch (error) {
    if (error instanceof GuardError)
      return { kind: 'failed', code: error.code, detail: error.detail, mayRepeat: false };
    return failed(`${originOf(url)}: ${describe(error)}.`, true);
  }
}

function judged(url: string, { status, retryAfterMs }: HttpAnswer): StepEnd {
  if (status >= 200 && status < 300) return { kind: 'done', httpStatus: status };
  const redirects = status >= 300 && status < 400 ? ' Redirects are not followed.' : '';
  const mayRepeat = PASSING.has(status) || status >= 500;
  return {
    ...failed(`${originOf(url)} answered ${status}.${redirects}`, mayRepeat),
    httpStatus: status,
    afterMs: retryAfterMs,
  };
}

const failed = (detail: string, mayRepeat: boolean) =>
  ({ kind: 'failed', code: 'GUARD_SEQUENCE_HTTP', detail, mayRepeat }) as const;

/** So that a content-type of the step takes the place of ours. */
function withoutCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [/^content-type$/i.test(name) ? 'Content-Type' : name, value]),
  );
}

function encoded(body: unknown): [type: string | undefined, content: Buffer | undefined] {
  if (body === undefined) return [undefined, undefined];
  if (typeof body === 'string') return ['text/plain; charset=utf-8', Buffer.from(body)];
  return ['application/json', Buffer.from(JSON.stringify(body))];
}
