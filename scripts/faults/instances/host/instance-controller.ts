import { randomUUID } from 'node:crypto';
import type { ChannelParts } from './channel';
import { CLIENT_NAME, type ChannelController, type Monitor } from './monitor';

interface Named {
  instanceName: string;
}

/** src/api/controllers/instance.controller.ts */
export class InstanceController {
  constructor(
    private readonly monitor: Monitor,
    private readonly channels: ChannelController,
    private readonly parts: ChannelParts,
  ) {}

  async createInstance({ instanceName }: Named): Promise<unknown> {
    const data = { instanceName, instanceId: randomUUID(), integration: 'WHATSAPP-BAILEYS', token: randomUUID() };
    const instance = this.channels.init(data, this.parts);
    await this.parts.sql.query(
      `INSERT INTO "Instance" ("id", "name", "connectionStatus", "integration", "token", "clientName")
       VALUES (?, ?, 'close', ?, ?, ?)`,
      [data.instanceId, instanceName, data.integration, data.token, CLIENT_NAME],
    );
    instance?.setInstance(data);
    if (instance) this.monitor.waInstances[instanceName] = instance;
    this.monitor.delInstanceTime(instanceName);
    return { instanceId: data.instanceId };
  }

  async logout({ instanceName }: Named): Promise<unknown> {
    const channel = this.monitor.waInstances[instanceName];
    if (channel?.connectionStatus.state === 'close') throw new Error(`${instanceName} is not connected`);
    await channel?.logoutInstance();
    return { status: 'SUCCESS' };
  }

  async deleteInstance({ instanceName }: Named): Promise<unknown> {
    const channel = this.monitor.waInstances[instanceName];
    const state = channel?.connectionStatus.state;
    if (state === 'connecting' || state === 'open') await this.logout({ instanceName });
    void channel?.sendDataWebhook('instance.delete', { instanceName });
    this.monitor.eventEmitter.emit('remove.instance', instanceName, 'inner');
    return { status: 'SUCCESS' };
  }
}
