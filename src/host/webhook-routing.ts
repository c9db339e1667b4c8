import type { Destination, HostEvent, Outlet, Routed } from '../events/event';
import { WEBHOOK, WEBHOOK_GLOBAL } from '../events/sinks/webhook';
import { instanceWebhook, type WebhookConfig, type WebhookController } from './shapes';
import { isHttp, settingOf, suffixOf, type WebhookTarget } from './webhook-address';
import type { WebhookSettings } from './webhook-settings';

/*
 * What the host's webhook sink would do (src/api/integrations/event/webhook/webhook.controller.ts, the same in 2.3.6 and
 * 2.3.7 but for `extra`): post to the instance's URL where the instance wants the event, and to the global one.
 */
export function createWebhookOutlet(
  controller: Pick<WebhookController, 'get'>,
  config: WebhookConfig,
  settings: Pick<WebhookSettings, 'learn'>,
): Outlet {
  const { URL: globalUrl, ENABLED: isGlobal } = config.GLOBAL;
  return {
    name: WEBHOOK,
    body,
    async routing(instance) {
      const own = instanceWebhook.nullish().parse(await controller.get(instance));
      if (own) settings.learn(instance, own);
      const wanted = Array.isArray(own?.events) && own.enabled ? own.events : [];
      return ({ event, local }: Routed) => {
        // Also in what goes to the global URL: the host makes one text for both.
        const fill = own?.url || `${globalUrl}/${suffixOf(event)}`;
        const destinations: Destination[] = [];
        if (own && local && wanted.includes(settingOf(event)) && isHttp(own.url)) {
          const target = JSON.stringify({ url: own.url, byEvents: own.webhookByEvents } satisfies WebhookTarget);
          destinations.push({ sink: WEBHOOK, receiver: instance, target, fill });
        }
        if (isGlobal && config.EVENTS[settingOf(event)] && isHttp(globalUrl)) {
          destinations.push({ sink: WEBHOOK_GLOBAL, receiver: WEBHOOK_GLOBAL, target: '{}', fill });
        }
        return destinations;
      };
    },
  };
}

/** Same keys, same order as the host's `webhookData`. */
function body(
  { extra, event, instanceName, data, dateTime, sender, serverUrl, apiKey }: HostEvent,
  blank: string,
): object {
  return {
    ...(extra ?? {}),
    event,
    instance: instanceName,
    data,
    destination: blank,
    date_time: dateTime,
    sender,
    server_url: serverUrl,
    apikey: apiKey,
  };
}
