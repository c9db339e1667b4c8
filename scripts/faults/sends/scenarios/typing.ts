import { Hosts } from '../hosts';
import type { Scenario } from '../scenario';

/** Three processes send to the same chats, each send typed for up to three seconds before it leaves. Nothing breaks. */
export const typing = (mostTypingMs = 3_000, chats = 100): Scenario => ({
  name: 'typing',
  database: 'postgres',
  weight: 1,
  chats,
  mostTypingMs,
  alsoStock: true,
  async run(stage) {
    const hosts = await Hosts.start(stage, 3);
    hosts.send(1, 5);
  },
});
