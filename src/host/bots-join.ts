import type { Log } from '../core/log';
import { instanceOf } from './acknowledgements';
import { ownerOf } from './sends-join';

/** Runs what a bot does about one message. */
export type BotHandler = (instance: string, number: unknown, stock: () => Promise<unknown>) => Promise<unknown>;

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;

/** Controllers of bots among the exports of the host's server.module. */
const CONTROLLERS = [
  'typebotController',
  'openaiController',
  'difyController',
  'evolutionBotController',
  'flowiseController',
  'n8nController',
  'evoaiController',
] as const;

/** Methods whose promise spans all that a bot answers to one message, and where in their parameters its chat is. */
const RUNS: Readonly<Record<string, (args: readonly unknown[]) => { instance: string; number: unknown }>> = {
  // processBot(waInstance, remoteJid, ...): each inbound message, after debouncing.
  processBot: ([channel, number]) => ({ instance: instanceOf(channel ?? {}), number }),
  // startBot({ instanceName }, { remoteJid, ... }): POST /typebot/start.
  startBot: ([instance, data]) => ({
    instance: (instance as { instanceName?: string } | undefined)?.instanceName ?? '',
    number: (data as { remoteJid?: unknown } | undefined)?.remoteJid,
  }),
};

/** Puts the handler around the runs of every bot that this host has. One that is missing keeps its stock behaviour. */
export function joinBots(host: object, handler: BotHandler, log: Log): void {
  const joined = new Set<object>();
  for (const name of CONTROLLERS) {
    const controller = (host as Record<string, unknown>)[name];
    if (typeof controller !== 'object' || controller === null) {
      log.debug({ controller: name }, 'this host lacks a kind of bot');
      continue;
    }
    for (const [method, read] of Object.entries(RUNS)) {
      const owner = ownerOf(controller, method);
      const stock = owner?.[method] as Method | undefined;
      if (!owner || !stock || joined.has(stock)) continue;
      const wrapped: Method = function (this: object, ...args: unknown[]) {
        const { instance, number } = read(args);
        return handler(instance, number, () => stock.apply(this, args));
      };
      joined.add(wrapped);
      owner[method] = wrapped;
    }
  }
}
