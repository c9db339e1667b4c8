import { backoffMs, type Random } from '../../core/backoff';
import { GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { HttpClient } from './http-client';
import { SEQUENCE_HEADER } from './http-step';
import type { Waits } from './waits';
import { originOf } from './step-records';

/** As onError gets it. */
export interface FailureReport {
  sequenceId: string;
  instance: string;
  chat: string;
  /** Index of the step that failed. */
  step: number;
  code: string;
  detail: string;
}

const TRIES = 3;
const TIMEOUT_MS = 10_000;

/** Posts a report. What does not take it is named in the log; the sequence ends all the same. */
export async function reportFailure(
  { http, random, log }: { http: Pick<HttpClient, 'request'>; random: Random; log: Log },
  url: string,
  report: FailureReport,
  waits: Waits,
): Promise<void> {
  const { sequenceId } = report;
  const headers = {
    'Content-Type': 'application/json',
    'Idempotency-Key': `${sequenceId}-error`,
    [SEQUENCE_HEADER]: sequenceId,
  };
  const request = { method: 'POST', url, headers, body: Buffer.from(JSON.stringify(report)), timeoutMs: TIMEOUT_MS };
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await waits.sleepUncancelled(backoffMs(attempt - 1, random, 1_000, 5_000));
    try {
      const { status } = await http.request(request, waits.abandoning);
      if (status >= 200 && status < 300) return;
      reason = `${originOf(url)} answered ${status}.`;
    } catch (error) {
      if (waits.abandoning.aborted) waits.checkStopping();
      reason = error instanceof GuardError ? error.detail : `${originOf(url)}: ${(error as Error).message}.`;
    }
  }
  const { code, message } = new GuardError('GUARD_SEQUENCE_ON_ERROR', `Sequence ${sequenceId}: ${reason}`);
  log.warn({ code }, message);
}
