import type { Command } from 'commander';
import type { PluginPackage } from '../../patches/engine/plugin-package';
import { status } from '../../patches/engine/status';
import { release } from '../../patches/series';
import { checkCache } from './doctor-cache';
import { checkBroker, checkDatabase, checkInstalled, checkSettings, type Finding } from './doctor-checks';
import { checkInstances } from './doctor-instances';
import { checkPolicies } from './doctor-policies';
import { checkRollout } from './doctor-rollout';
import { checkSignalKeys } from './doctor-signal-keys';
import { hostEnvironment } from './host-environment';
import { print } from './output';

/** evolution-guard doctor */
export function addDoctorCommand(program: Command, plugin: PluginPackage): void {
  program
    .command('doctor')
    .description('Look at a checkout, its settings and its servers, and say what is wrong. Changes nothing.')
    .argument('<host>', 'folder of the EvolutionAPI checkout; its .env is read')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', EXAMPLES)
    .action(async (hostDir: string, options: { json?: true }) => {
      const findings = await examine(hostDir, plugin.version);
      const healthy = findings.every(({ level }) => level !== 'problem');
      print({ text: `${findings.map(line).join('\n')}\n`, data: { healthy, findings } }, options.json === true);
      if (!healthy) process.exitCode = 1;
    });
}

async function examine(hostDir: string, version: string): Promise<Finding[]> {
  const findings = [checkPatches(hostDir, version), checkInstalled(hostDir, version)];
  const environment = hostEnvironment(hostDir, process.env);
  const { finding, settings } = checkSettings(environment);
  findings.push(finding);
  if (!settings) return findings;
  findings.push(...checkRollout(settings), ...checkInstances(settings));
  findings.push(...(await checkDatabase(settings, Date.now())), await checkBroker(settings, environment));
  findings.push(...(await checkPolicies(settings, environment)), ...(await checkCache(settings, environment)));
  findings.push(...(await checkSignalKeys(settings, environment, hostDir)));
  return findings;
}

function checkPatches(hostDir: string, version: string): Finding {
  const about = 'patches';
  const { recipes, host } = status(hostDir, release(version));
  const wrong = recipes.filter(({ state }) => state !== 'applied' && state !== 'not needed');
  if (wrong.length === 0) return { level: 'ok', about, text: `all are applied to EvolutionAPI ${host.version}` };
  const list = wrong.map(({ id, state }) => `${id} is ${state}`).join(', ');
  return { level: 'problem', about, text: `${list}: run evolution-guard patch apply, then build the host.` };
}

const line = ({ level, about, text }: Finding) => `${level.padEnd(7)}  ${about.padEnd(9)}  ${text}`;

const EXAMPLES = `
Examples:
  $ evolution-guard doctor ~/evolution-api
  $ evolution-guard doctor ~/evolution-api --json    for scripts; exit code 1 where a problem was found`;
