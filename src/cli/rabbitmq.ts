import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { GuardError } from '../core/errors';
import { readSettings, type Settings } from '../core/settings';
import { HOST_QUEUE_PATTERN } from '../host/queue-pattern';
import { parseAddress } from '../stores/rabbitmq/address';
import { NO_DEFINITIONS, wantedDefinitions } from '../stores/rabbitmq/definitions';
import { createManagement, managementAddress } from '../stores/rabbitmq/management';
import { applyPolicies, planPolicies } from '../stores/rabbitmq/policy-plan';
import { hostCommand } from './host-command';
import { hostEnvironment } from './host-environment';
import { print } from './output';
import { appliedAnswer, definitionsAnswer } from './rabbitmq-answers';

interface ApplyOptions {
  dryRun?: true;
  remove?: true;
  json?: true;
}

/** evolution-guard rabbitmq policies print|apply */
export function addRabbitmqCommands(program: Command): void {
  const policies = program
    .command('rabbitmq')
    .description("Look after RabbitMQ for the host's queues.")
    .command('policies')
    .description("Time to live, length limits and dead letters of the host's queues, as policies of the broker.")
    .addHelpText('after', EXAMPLES);
  addPrint(policies);
  addApply(policies);
}

function addPrint(policies: Command): void {
  hostCommand(policies, 'print', 'Print what the settings ask for. The broker is not asked.', EXAMPLES).action(
    (hostDir: string, options: { json?: true }) => {
      const settings = brokerSettings(hostDir);
      const { vhost } = parseAddress(settings.rabbitmqUri, settings.rabbitmqFrameMax);
      print(definitionsAnswer(wantedDefinitions(settings, HOST_QUEUE_PATTERN), vhost), options.json === true);
    },
  );
}

function addApply(policies: Command): void {
  hostCommand(policies, 'apply', 'Give the broker what the settings ask for, by its management API.', EXAMPLES)
    .option('--dry-run', 'only say what would change')
    .option('--remove', 'take the policies away, whatever the settings say; queues keep what they hold')
    .action(async (hostDir: string, { dryRun, remove, json }: ApplyOptions) => {
      const settings = brokerSettings(hostDir);
      const wanted = remove ? NO_DEFINITIONS : wantedDefinitions(settings, HOST_QUEUE_PATTERN);
      const management = createManagement(managementAddress(settings));
      const plan = await planPolicies(management, wanted, HOST_QUEUE_PATTERN);
      if (!remove && wanted.policies.length === 0 && plan.changes.length > 0) {
        const names = plan.changes.map(({ name }) => name).join(', ');
        throw new GuardError('GUARD_POLICY_UNWANTED', `Virtual host ${plan.vhost}: ${names}.`);
      }
      if (!dryRun) await applyPolicies(management, wanted, plan);
      print(appliedAnswer(wanted, plan, dryRun === true), json === true);
    });
}

/** @throws GuardError GUARD_HOST_NOT_FOUND, GUARD_SETTINGS_INVALID */
function brokerSettings(hostDir: string): Settings & { rabbitmqUri: string } {
  if (!existsSync(hostDir)) throw new GuardError('GUARD_HOST_NOT_FOUND', `${hostDir} does not exist.`);
  const settings = readSettings(hostEnvironment(hostDir, process.env));
  const { rabbitmqUri } = settings;
  if (!rabbitmqUri) throw new GuardError('GUARD_SETTINGS_INVALID', '\n  - RABBITMQ_URI: is not set\n');
  return { ...settings, rabbitmqUri };
}

const EXAMPLES = `
Examples:
  $ evolution-guard rabbitmq policies print ~/evolution-api             as rabbitmqctl commands and a definition file
  $ evolution-guard rabbitmq policies apply ~/evolution-api --dry-run   what would change
  $ evolution-guard rabbitmq policies apply ~/evolution-api
  $ evolution-guard rabbitmq policies apply ~/evolution-api --remove`;
