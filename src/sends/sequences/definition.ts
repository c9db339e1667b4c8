import { z } from 'zod';

/** What a step waits for, in the order in which WhatsApp reports it. */
export const AWAITED = ['server_ack', 'delivered', 'read'] as const;
export type Awaited = (typeof AWAITED)[number];

const MOST_STEPS = 100;
const MOST_BYTES = 1024 * 1024;
/** What is deeper would be too deep for functions that call themselves, such as JSON.stringify. */
const MOST_LEVELS = 100;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Of one request, and of one wait, where the step says nothing. */
const [HTTP_MS, WAIT_MS] = [30_000, 60_000];

function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
}

const text = (most: number) =>
  z.string('must be text').min(1, 'must not be empty').max(most, `must have at most ${most} characters`);

const retry = (attempts: number) => {
  const fields = { attempts: whole(1, 10).default(attempts), backoffMs: whole(0, HOUR_MS).default(1_000) };
  return z.strictObject(fields).default({ attempts, backoffMs: 1_000 });
};

/** Made by the client itself, or ours. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|expect|upgrade|te|trailer|keep-alive|proxy-.*|idempotency-key|x-evolution-guard-sequence)$/i;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]{0,8192}$/, 'must be text that a header can hold');
const headers = z
  .record(z.string(), headerValue)
  .superRefine((all, context) => {
    const names = Object.keys(all);
    if (names.length > 50) context.addIssue({ code: 'custom', message: 'must have at most 50 headers' });
    for (const name of names) {
      const message = HEADER_NAME.test(name) ? 'is set by the request itself' : 'must be the name of a header';
      if (!HEADER_NAME.test(name) || OWN_HEADERS.test(name))
        context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .default({});

const sendStep = z.strictObject({
  send: z.strictObject({ route: text(50), body: z.record(z.string(), z.unknown(), 'must be an object') }),
  retry: retry(1),
});

const httpStep = z.strictObject({
  http: z
    .strictObject({
      method: z
        .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], 'must be GET, POST, PUT, PATCH or DELETE')
        .default('POST'),
      url: text(2_048),
      headers,
      /** Text goes out as it is, anything else as JSON. */
      body: z.unknown().optional(),
      timeoutMs: whole(100, 120_000).default(HTTP_MS),
    })
    .refine(({ method, body }) => method !== 'GET' || body === undefined, 'GET has no body'),
  retry: retry(3),
});

const waitStep = z.strictObject({
  waitFor: z.enum(AWAITED, `must be ${AWAITED.join(', ')}`),
  timeoutMs: whole(100, DAY_MS).default(WAIT_MS),
  onTimeout: z.enum(['fail', 'continue'], 'must be fail or continue').default('fail'),
});

const delayStep = z.strictObject({ delayMs: whole(0, DAY_MS) });

/** The key that tells which kind of step it is. */
const STEPS = { send: sendStep, http: httpStep, waitFor: waitStep, delayMs: delayStep } as const;
type StepKey = keyof typeof STEPS;
export type SendStep = z.output<typeof sendStep>;
export type HttpStep = z.output<typeof httpStep>;
export type WaitStep = z.output<typeof waitStep>;
export type DelayStep = z.output<typeof delayStep>;
export type Step = SendStep | HttpStep | WaitStep | DelayStep;

/** By its key, as a union would tell of each kind of step what is wrong with it. */
const step = z.unknown().transform((given, context): Step => {
  const keys = (Object.keys(STEPS) as StepKey[]).filter((key) => Object.hasOwn(Object(given) as object, key));
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    context.addIssue({ code: 'custom', message: `must be an object with one of ${Object.keys(STEPS).join(', ')}` });
    return z.NEVER;
  }
  const { data, error } = STEPS[key].safeParse(given);
  for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
  return data ?? z.NEVER;
});

/** Counted first: what is too long is not looked at step by step. */
const steps = z
  .array(z.unknown(), 'must be a list of steps')
  .min(1, 'must have at least one step')
  .max(MOST_STEPS, `must have at most ${MOST_STEPS} steps`)
  .pipe(z.array(step));

const definition = z.strictObject({
  instance: text(255),
  /** As the caller wrote it, and so as the host is told. */
  chat: text(255),
  steps,
  priority: z.enum(['normal', 'high'], 'must be normal or high').default('normal'),
  /** Begin when the bots have ended that are answering in this chat now. */
  after: z.literal('bot', 'must be bot').optional(),
  onError: z.strictObject({ url: text(2_048) }).optional(),
  idempotencyKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
    .optional(),
});

export type Definition = z.output<typeof definition>;

export interface DefinitionChecks {
  /** The chat that a number is in. */
  chatOf: (instance: string, number: unknown) => string | undefined;
  /** What the host would say of a message. */
  sendMistakes: (step: SendStep['send'], to: { number: string; chat: string }) => readonly string[];
  /** What is wrong with where a URL leads. */
  urlMistake: (url: string) => string | undefined;
}

export interface ReadDefinition {
  definition: Definition;
  chat: string;
}

/** @returns the definition with the canonical name of its chat, or every mistake in it. */
export function readDefinition(given: unknown, checks: DefinitionChecks): ReadDefinition | { mistakes: string[] } {
  const { data, error } = definition.safeParse(given);
  if (!data) {
    return { mistakes: error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')) };
  }
  if (isDeeperThan(MOST_LEVELS, data)) return { mistakes: [`it is nested more than ${MOST_LEVELS} levels deep`] };
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes > MOST_BYTES) return { mistakes: [`it has ${bytes} bytes of JSON, ${MOST_BYTES} are allowed`] };
  const chat = checks.chatOf(data.instance, data.chat);
  if (chat === undefined) return { mistakes: ['chat: must be a number with its country code, or a JID'] };
  const mistakes = [
    ...data.steps.flatMap((_, index) => stepMistakes(index, data, chat, checks)),
    ...onErrorMistakes(data, checks),
  ];
  return mistakes.length > 0 ? { mistakes } : { definition: data, chat };
}

function isDeeperThan(levels: number, given: unknown): boolean {
  let level: unknown[] = [given];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? (Object.values(each) as unknown[]) : [],
    );
  }
  return false;
}

function stepMistakes(index: number, { steps, chat: number }: Definition, chat: string, checks: DefinitionChecks) {
  const step = steps[index];
  const at = (place: string) => (mistake: string) => `steps.${index}.${place}: ${mistake}`;
  if (!step) return [];
  if ('send' in step) return checks.sendMistakes(step.send, { number, chat }).map(at('send'));
  if ('http' in step) return [checks.urlMistake(step.http.url) ?? []].flat().map(at('http.url'));
  const isFirst = !steps.slice(0, index).some((each) => 'send' in each);
  return 'waitFor' in step && isFirst ? ['there is no send before it'].map(at('waitFor')) : [];
}

const onErrorMistakes = ({ onError }: Definition, { urlMistake }: DefinitionChecks) =>
  onError ? [urlMistake(onError.url) ?? []].flat().map((mistake) => `onError.url: ${mistake}`) : [];
