import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BaileysChannel, type ChannelParts, type InstanceData } from './channel';

/** The client name of this installation: DATABASE_CONNECTION_CLIENT_NAME. */
export const CLIENT_NAME = 'faults';

const MINUTE_MS = 60_000;

/** src/api/integrations/channel/channel.controller.ts */
export class ChannelController {
  init(data: InstanceData, parts: ChannelParts): BaileysChannel | undefined {
    return data.integration === 'WHATSAPP-BAILEYS' ? new BaileysChannel(parts) : undefined;
  }
}

/** src/api/services/monitor.service.ts: what it does to instances, with its three listeners. */
export class Monitor {
  readonly waInstances: Record<string, BaileysChannel> = {};
  readonly delInstanceTimeouts: Record<string, NodeJS.Timeout> = {};

  /** @param delInstanceMinutes DEL_INSTANCE */
  constructor(
    private readonly parts: ChannelParts,
    private readonly channels: ChannelController,
    private readonly delInstanceMinutes: number | false,
  ) {
    this.removeInstance();
    this.noConnection();
  }

  get eventEmitter() {
    return this.parts.emitter;
  }

  delInstanceTime(instance: string): void {
    if (this.delInstanceMinutes === false) return;
    this.clearDelInstanceTime(instance);
    this.delInstanceTimeouts[instance] = setTimeout(() => {
      delete this.delInstanceTimeouts[instance];
      const channel = this.waInstances[instance];
      if (channel?.connectionStatus.state === 'open') return;
      if (channel?.connectionStatus.state === 'connecting') void channel.client?.logout('Log out instance');
      this.eventEmitter.emit('remove.instance', instance, 'inner');
    }, this.delInstanceMinutes * MINUTE_MS);
  }

  clearDelInstanceTime(instance: string): void {
    clearTimeout(this.delInstanceTimeouts[instance]);
    delete this.delInstanceTimeouts[instance];
  }

  async cleaningUp(instanceName: string): Promise<void> {
    const { sql } = this.parts;
    const id = await this.idOf(instanceName);
    if (id === undefined) return;
    await sql.query(`UPDATE "Instance" SET "connectionStatus" = 'close' WHERE "name" = ?`, [instanceName]);
    rmSync(join(process.cwd(), 'instances', id), { recursive: true, force: true });
    await sql.query(`DELETE FROM "Session" WHERE "sessionId" = ?`, [id]);
  }

  async cleaningStoreData(instanceName: string): Promise<void> {
    const { sql } = this.parts;
    const id = await this.idOf(instanceName);
    if (id === undefined) return;
    rmSync(join(process.cwd(), 'instances', id), { recursive: true, force: true });
    await sql.query(`DELETE FROM "Session" WHERE "sessionId" = ?`, [id]);
    for (const table of ['Chat', 'Contact', 'MessageUpdate', 'Message', 'Webhook', 'IntegrationSession', 'Setting'])
      await sql.query(`DELETE FROM "${table}" WHERE "instanceId" = ?`, [id]);
    await sql.query(`DELETE FROM "Instance" WHERE "name" = ?`, [instanceName]);
  }

  async loadInstance(): Promise<void> {
    const rows = await this.parts.sql.query<InstanceData>(
      `SELECT "id" AS "instanceId", "name" AS "instanceName", "integration", "token", "ownerJid", "connectionStatus"
       FROM "Instance" WHERE "clientName" = ?`,
      [CLIENT_NAME],
    );
    await Promise.all(rows.map((row) => this.setInstance(row)));
  }

  async setInstance(data: InstanceData): Promise<void> {
    const instance = this.channels.init(data, this.parts);
    if (!instance) return;
    instance.setInstance(data);
    if (data.connectionStatus === 'open' || data.connectionStatus === 'connecting') await instance.connectToWhatsapp();
    this.waInstances[data.instanceName] = instance;
  }

  private async idOf(name: string): Promise<string | undefined> {
    const rows = await this.parts.sql.query<{ id: string }>(`SELECT "id" FROM "Instance" WHERE "name" = ?`, [name]);
    return rows[0]?.id;
  }

  private removeInstance(): void {
    this.eventEmitter.on('remove.instance', (name: string) => {
      void (async () => {
        await this.waInstances[name]?.sendDataWebhook('remove.instance', null);
        this.clearDelInstanceTime(name);
        void this.cleaningUp(name).catch(console.error);
        void this.cleaningStoreData(name).catch(console.error);
        delete this.waInstances[name];
      })();
    });
    this.eventEmitter.on('logout.instance', (name: string) => {
      void (async () => {
        await this.waInstances[name]?.sendDataWebhook('logout.instance', null);
        this.clearDelInstanceTime(name);
        void this.cleaningUp(name).catch(console.error);
      })();
    });
  }

  private noConnection(): void {
    this.eventEmitter.on('no.connection', (name: string) => {
      const channel = this.waInstances[name];
      void channel?.client?.logout('Log out instance');
      channel?.client?.ws.close();
    });
  }
}
