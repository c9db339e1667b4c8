import { hostname, networkInterfaces } from 'node:os';
import type { Settings } from './core/settings';
import type { Host } from './host/handshake';
import { sendByRoute, sendMistakes } from './host/host-sends';
import { AllowedHosts } from './sends/sequences/allowed-hosts';
import type { SequenceParts } from './sends/sequences/create-sequences';
import type { Database } from './stores/database';

export interface ComposeSequencesOptions {
  host: Host;
  database: Database;
  settings: Settings;
  isGuarded: (instance: string) => boolean;
}

/** Wires what sequences have for themselves. @returns nothing where the host lacks what they need. */
export async function composeSequences(options: ComposeSequencesOptions): Promise<SequenceParts | undefined> {
  const { host, database, settings, isGuarded } = options;
  const { controller, server } = host.sequences;
  if (!controller) return undefined;
  const { sequenceHttpHosts: entries } = settings;
  const hosts = new AllowedHosts(entries ?? [], { url: server.URL, port: server.PORT, names: ownNames });
  return {
    store: database.sequences,
    host: {
      mistakes: sendMistakes,
      send: (instance, number, send) => sendByRoute(controller, instance, number, send),
    },
    hosts,
    http: entries
      ? await openClient(hosts)
      : { request: ({ url }) => Promise.reject(hosts.refusal(url) ?? new Error()) },
    isGuarded,
  };
}

/** Loaded only now: it is a tenth of a second that a host without HTTP steps need not wait. */
async function openClient(hosts: AllowedHosts): Promise<SequenceParts['http']> {
  const { HttpClient } = await import('./sends/sequences/http-client.js');
  return new HttpClient({ hosts });
}

const ownNames = () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return [hostname(), ...addresses];
};
