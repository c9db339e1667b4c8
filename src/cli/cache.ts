import type { Command } from 'commander';
import { openAudit } from '../cache/audit/open-audit';
import { heldAlone, judgeServer } from '../cache/judge-server';
import { systemClock } from '../core/clock';
import { createLog } from '../core/log';
import { readCredentialSettings } from '../stores/credentials/open';
import { withCache } from './cache-access';
import { auditAnswer, statusAnswer } from './cache-answers';
import { hostCommand } from './host-command';
import { print } from './output';

/** evolution-guard cache audit|status */
export function addCacheCommands(program: Command): void {
  const group = program
    .command('cache')
    .description("Look at the host's Redis, and hold what is in it against the database. The host need not run.")
    .addHelpText('after', [AUDIT, STATUS].join('\n'));
  addAudit(group);
  addStatus(group);
}

function addAudit(group: Command): void {
  hostCommand(group, 'audit', 'Tell orphans, stale and missing keys. Exit code 1 where some are left.', AUDIT)
    .option('--fix', 'repair what is certain; without it nothing is changed')
    .action(async (hostDir: string, options: { fix?: true; json?: true }) => {
      const repairs = options.fix === true;
      const report = await withCache(hostDir, async ({ link, settings, environment }) => {
        const log = createLog('silent');
        const audit = openAudit({ settings, environment, hostDir, link, clock: systemClock, log });
        return audit.run({ repairs, progress: tell }).finally(audit.stop);
      });
      const answer = auditAnswer(report, repairs);
      print(answer, options.json === true);
      if (answer.data['healthy'] !== true) process.exitCode = 1;
    });
}

function addStatus(group: Command): void {
  hostCommand(group, 'status', 'Print every primary with its replicas, and what to worry about.', STATUS).action(
    async (hostDir: string, options: { json?: true }) => {
      const answer = await withCache(hostDir, async ({ link, settings, environment }) => {
        const held = heldAlone(readCredentialSettings(environment), settings.cacheBypass);
        const expected = { held, lagSeconds: settings.cacheLagSeconds };
        const primaries = await link.primaries();
        const servers = primaries.map((primary) => ({ ...primary, warnings: judgeServer(primary, expected) }));
        return statusAnswer(servers, link.state().warnings);
      });
      print(answer, options.json === true);
    },
  );
}

/** Progress is not the answer. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

const AUDIT = `
Examples:
  $ evolution-guard cache audit ~/evolution-api            what does not agree, and what would be done about it
  $ evolution-guard cache audit ~/evolution-api --fix      and do it
  $ evolution-guard cache audit ~/evolution-api --json`;

const STATUS = `
Examples:
  $ evolution-guard cache status ~/evolution-api
  $ evolution-guard cache status ~/evolution-api --json`;
