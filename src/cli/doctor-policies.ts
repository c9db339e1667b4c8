import { GuardError } from '../core/errors';
import type { Environment, Settings } from '../core/settings';
import { HOST_QUEUE_PATTERN } from '../host/queue-pattern';
import { wantedDefinitions } from '../stores/rabbitmq/definitions';
import { createManagement, managementAddress } from '../stores/rabbitmq/management';
import { planPolicies } from '../stores/rabbitmq/policy-plan';
import type { Finding } from './doctor-checks';
import { differences, warningsOf } from './rabbitmq-answers';

const about = 'policies';

/** Where no policy is wanted, a management API that cannot be asked is nobody's business. */
export async function checkPolicies(settings: Settings, environment: Environment): Promise<Finding[]> {
  const { rabbitmqUri } = settings;
  if (!rabbitmqUri || environment.RABBITMQ_ENABLED?.trim() !== 'true') return [];
  let isWanted = true;
  try {
    const wanted = wantedDefinitions(settings, HOST_QUEUE_PATTERN);
    isWanted = wanted.policies.length > 0;
    const management = createManagement(managementAddress({ ...settings, rabbitmqUri }));
    const plan = await planPolicies(management, wanted, HOST_QUEUE_PATTERN);
    const found = [...plan.changes.flatMap(differences), ...plan.missing.map((what) => `${what} is missing`)];
    const warnings = warningsOf(wanted, plan).map((text) => ({ level: 'warning' as const, about, text }));
    if (found.length > 0)
      return [{ level: 'warning', about, text: `${found.join('; ')}: ${remedy(isWanted)}` }, ...warnings];
    if (!isWanted) return [];
    return [{ level: 'ok', about, text: `as the settings say, for ${plan.queues.total} queues` }, ...warnings];
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return isWanted ? [{ level: 'warning', about, text: error.message }] : [];
  }
}

function remedy(isWanted: boolean): string {
  return `run evolution-guard rabbitmq policies apply${isWanted ? '' : ' --remove'}.`;
}
