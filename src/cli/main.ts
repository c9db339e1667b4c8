#!/usr/bin/env node
import { Command } from 'commander';
import { findPluginPackage } from '../../patches/engine/plugin-package';
import { addBackupCommands } from './backup';
import { addCacheCommands } from './cache';
import { addDeadLetterCommands } from './dead-letters';
import { addDoctorCommand } from './doctor';
import { addInstanceCommands } from './instances';
import { EXIT_CODES, fail } from './output';
import { addOutboxCommands } from './outbox';
import { addPatchCommands } from './patch';
import { addRabbitmqCommands } from './rabbitmq';
import { addSendCommands } from './sends';
import { addSequenceCommands } from './sequence';

const plugin = findPluginPackage(__dirname);
const program = new Command('evolution-guard')
  .description('Reliability plugin for EvolutionAPI: put it into a checkout and look after it.')
  .version(plugin.version)
  .exitOverride()
  .addHelpText('afterAll', EXIT_CODES);

addPatchCommands(program, plugin);
addDoctorCommand(program, plugin);
addDeadLetterCommands(program);
addOutboxCommands(program);
addRabbitmqCommands(program);
addSendCommands(program);
addSequenceCommands(program);
addInstanceCommands(program);
addBackupCommands(program);
addCacheCommands(program);

// Whoever reads us, head for one, may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3));

program.parseAsync().catch((error: unknown) => {
  process.exitCode = fail(error, process.argv.includes('--json'));
});
