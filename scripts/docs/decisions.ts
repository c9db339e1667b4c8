import { DECISIONS } from '../../src/instances/decisions';
import { table } from './table';

export function decisionsPage(): string {
  const rows = DECISIONS.map(({ trigger, paired, temporary, why }) => {
    const { false: stays, true: goes } = temporary;
    return [trigger, paired, stays === goes ? stays : `${stays}; **${goes}** with \`DEL_TEMP_INSTANCES=true\``, why];
  });
  return `# What becomes of an instance

Generated from src/instances/decisions.ts by \`npm run docs\`. What the words do: [instances.md](instances.md).

${table(['what happened', 'it was connected once', 'it never was', 'why'], rows)}

- **keep**: nothing is touched.
- **reset**: the credentials are set aside and the session is made new; row, settings, webhooks, chats and messages stay.
- **tombstone**: it is hidden with all its rows, and can be brought back until retention ends.
- **delete**: its rows go.

Codes are those of Baileys' DisconnectReason. Instances of the channels WHATSAPP-BUSINESS and EVOLUTION count as connected
once: what they are is in their settings.
`;
}
