import { systemClock, type Clock } from '../../src/core/clock';
import { isLoaded, joinConnections, loadedConnections } from '../../src/host/connections-join';
import type { Monitor } from '../../src/host/shapes';
import { createConnections } from '../../src/instances/connections';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { baileysChannelClass, type BaileysChannel } from './baileys-channel';
import { MemoryInstances } from './memory-instances';
import { recordingLog } from './recording-log';

export interface ConnectionRigOptions {
  clock?: Clock;
  random?: () => number;
  isGuarded?: (name: string) => boolean;
  lookEveryMs?: number;
  Channel?: new () => object;
}

/** A host's channels with everything that watches their connections, on a store in memory. */
export function createConnectionRig(options: ConnectionRigOptions = {}) {
  const { clock = systemClock, random = () => 1, isGuarded = () => true, lookEveryMs = 5 } = options;
  const Channel = options.Channel ?? baileysChannelClass();
  const monitor = { waInstances: {} } as unknown as Monitor;
  const controller = { init: (_data: unknown, _parts: unknown): unknown => new Channel() };
  const instances = new MemoryInstances(() => clock.now());
  const log = recordingLog();
  const metrics = createMetrics();
  const connections = createConnections({
    store: instances.store,
    owner: 'this-process',
    settings: { reconnectMaxSeconds: 60 },
    loaded: () => loadedConnections(monitor, isGuarded),
    isLoaded: (connection) => isLoaded(monitor, connection),
    lookEveryMs,
    clock,
    random,
    log,
    metrics,
  });
  joinConnections(controller, { watch: connections.watch, isGuarded, log });

  /** Makes an instance and loads it, as the host does; its id is `id-<name>`. */
  const load = (name: string, integration = 'WHATSAPP-BAILEYS'): BaileysChannel => {
    const channel = controller.init({ integration, instanceName: name }, {}) as BaileysChannel;
    channel.instance = { name, id: `id-${name}` };
    monitor.waInstances[name] = channel;
    return channel;
  };
  return { connections, controller, monitor, instances, log, metrics, load };
}

export async function valueOf(metrics: Metrics, key: Exclude<keyof Metrics, 'registry'>): Promise<number> {
  const { values } = await metrics[key].get();
  return values.reduce((sum, { value }) => sum + value, 0);
}
