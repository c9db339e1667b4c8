import { describe, expect, it } from '@jest/globals';
import { endCredentialWrites, joinCredentialWrites, type Instance } from '../../src/host/credential-writes';

/** A channel of Baileys that writes until it is told to end. */
function channelOf(integration: string) {
  const written: string[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const write = (name: string) => async () => {
    await ended;
    written.push(name);
  };
  const keys = { set: write('keys') };
  const authState = { saveCreds: write('creds'), state: { keys } };
  const channel: { instance: Instance } = { instance: {} };
  const controller = { init: (data: unknown, parts: unknown): unknown => (data === parts ? undefined : channel) };
  joinCredentialWrites(controller);
  const made = controller.init({ integration }, {}) as typeof channel;
  made.instance.authState = authState;
  return { instance: made.instance, authState, keys, written, end };
}

describe('credentials that a socket is writing', () => {
  it('are written when an end of the writes has been waited for', async () => {
    const { instance, authState, keys, written, end } = channelOf('WHATSAPP-BAILEYS');
    const saves = [authState.saveCreds(), keys.set()];
    const over = endCredentialWrites(instance).then(() => written.push('over'));
    end();
    await Promise.all([...saves, over]);
    expect(written).toEqual(['creds', 'keys', 'over']);
  });

  it('are not written any more from then on', async () => {
    const { instance, authState, keys, written, end } = channelOf('WHATSAPP-BAILEYS');
    end();
    await endCredentialWrites(instance);
    await authState.saveCreds();
    await keys.set();
    expect(written).toEqual([]);
  });

  it('of the next session are written again', async () => {
    const { instance, written, end } = channelOf('WHATSAPP-BAILEYS');
    end();
    await endCredentialWrites(instance);
    instance.authState = { saveCreds: () => Promise.resolve(written.push('next')) };
    await instance.authState.saveCreds?.();
    expect(written).toEqual(['next']);
  });

  it('do not hold up an end where there are none', async () => {
    await expect(endCredentialWrites({})).resolves.toBeUndefined();
  });
});
