import { GuardError } from '../../core/errors';
import { unwrap } from '../../stores/credentials/wrapped-text';

/** Whose credentials these are: `number` is absent until a phone has scanned the QR code. */
export type CredentialsOwner = { isReadable: true; number?: string } | { isReadable: false };

/**
 * The number that credentials belong to, which is all that is taken out of them.
 *
 * @param text the value as the host has written it, encoded twice.
 */
export function ownerOf(text: string): CredentialsOwner {
  try {
    const creds = JSON.parse(unwrap(text, 'creds')) as { me?: { id?: unknown } } | null;
    const id = creds?.me?.id;
    return { isReadable: true, ...(typeof id === 'string' && { number: numberOf(id) }) };
  } catch (error) {
    if (error instanceof GuardError || error instanceof SyntaxError) return { isReadable: false };
    throw error;
  }
}

/** `5511900000000:12@s.whatsapp.net`, with a device or without, is 5511900000000. */
export const numberOf = (jid: string): string => jid.replace(/[:@].*$/s, '');
