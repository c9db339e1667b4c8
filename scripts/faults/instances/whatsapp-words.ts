/** Codes that WhatsApp ends a connection with, or Baileys in its name. */
export const LOGGED_OUT = 401;
export const RESTART_REQUIRED = 515;

/** What a socket says. `socket` tells the sockets of one process apart. */
export type FromSocket = { socket: number } & (
  { is: 'hello'; instanceId: string; device: string | null } | { is: 'logout' } | { is: 'end' }
);

/** What it hears. `device` names credentials: WhatsApp knows them, or takes them no more. */
export type ToSocket = { socket: number } & (
  { is: 'open' } | { is: 'qr' } | { is: 'paired'; device: string } | { is: 'close'; code: number }
);
