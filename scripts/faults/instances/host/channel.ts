import type { EventEmitter } from 'node:events';
import type { Sql } from '../sql';
import { LOGGED_OUT } from '../whatsapp-words';
import { useAuthState, type AuthState } from './auth-state';

import { FakeSocket, type Update } from './socket';
import type { WhatsAppClient } from './whatsapp-client';

export interface InstanceData {
  instanceId: string;
  instanceName: string;
  integration: string | null;
  token?: string | null;
  ownerJid?: string | null;
  connectionStatus?: string;
}

export interface ChannelParts {
  sql: Sql;
  emitter: EventEmitter;
  client: WhatsAppClient;
  savesLate: boolean;
}

/** Codes that the host does not connect again after. */
const FINAL = [LOGGED_OUT, 403, 402, 406];
const QR_LIMIT = 30;

/** src/api/services/channel.service.ts */
export class ChannelService {
  readonly instance = {
    ...{ id: '', name: '', integration: '', wuid: '' },
    qrcode: { count: 0 },
    authState: undefined as AuthState | undefined,
  };
  constructor(protected readonly parts: ChannelParts) {}

  setInstance({ instanceId, instanceName, integration }: InstanceData): void {
    Object.assign(this.instance, { id: instanceId, name: instanceName, integration: integration ?? '' });
  }

  get instanceId(): string {
    return this.instance.id;
  }

  get instanceName(): string {
    return this.instance.name;
  }

  sendDataWebhook(event: string, data: unknown, local = true): Promise<void> {
    console.log(this.instance.name, event, data, local); // into the log of this process
    return Promise.resolve();
  }
}

/**
 * src/api/integrations/channel/whatsapp/whatsapp.baileys.service.ts: what it does about connections and credentials, in the
 * same order, awaited where it is awaited there.
 */
export class BaileysChannel extends ChannelService {
  stateConnection: { state: string; statusReason?: number } = { state: 'close' };
  endSession = false;
  client: FakeSocket | null = null;
  phoneNumber: string | undefined;
  private queue: Promise<void> = Promise.resolve();

  get connectionStatus(): { state: string } {
    return this.stateConnection;
  }

  async connectionUpdate({ qr, connection, lastDisconnect }: Update): Promise<unknown> {
    const { sql, emitter } = this.parts;
    const { name } = this.instance;
    if (qr) {
      if (this.instance.qrcode.count === QR_LIMIT) {
        void this.sendDataWebhook('connection.update', { instance: name, state: 'refused' });
        this.endSession = true;
        return emitter.emit('no.connection', name);
      }
      this.instance.qrcode.count += 1;
      await this.note(`"connectionStatus" = 'connecting'`);
    }
    const statusCode = lastDisconnect?.error?.output?.statusCode;
    if (connection) this.stateConnection = { state: connection, statusReason: statusCode ?? 200 };
    if (connection === 'close') {
      if (statusCode === undefined || !FINAL.includes(statusCode)) await this.connectToWhatsapp(this.phoneNumber);
      else {
        await this.note(`"connectionStatus" = 'close'`);
        emitter.emit('logout.instance', name, 'inner');
        this.client?.ws.close();
        this.client?.end(new Error('Close connection'));
        void this.sendDataWebhook('connection.update', { instance: name, ...this.stateConnection });
      }
    }
    if (connection === 'open') {
      this.instance.wuid = '5511999999999@s.whatsapp.net';
      await sql.query(`UPDATE "Instance" SET "ownerJid" = ?, "connectionStatus" = 'open' WHERE "id" = ?`, [
        this.instance.wuid,
        this.instance.id,
      ]);
      void this.sendDataWebhook('connection.update', { instance: name, ...this.stateConnection });
    }
    if (connection === 'connecting')
      void this.sendDataWebhook('connection.update', { instance: name, ...this.stateConnection });
    return undefined;
  }

  async connectToWhatsapp(number?: string): Promise<FakeSocket> {
    const { sql, client, savesLate } = this.parts;
    const auth = await useAuthState(sql, this.instance.id);
    this.instance.authState = auth;
    this.endSession = false;
    this.client = new FakeSocket(
      client,
      this.instance.id,
      auth,
      {
        connection: (update) => void this.process(() => this.connectionUpdate(update).catch(console.error)),
        creds: () => this.process(() => this.instance.authState?.saveCreds()),
      },
      savesLate,
    );
    this.phoneNumber = number;
    return this.client;
  }

  async logoutInstance(): Promise<void> {
    const { sql } = this.parts;
    await this.client?.logout(`Log out instance: ${this.instance.name}`);
    this.client?.ws.close();
    const auth = await useAuthState(sql, this.instance.id);
    await auth.removeCreds();
    await sql.query(`DELETE FROM "Session" WHERE "sessionId" = ?`, [this.instance.id]);
  }

  /** The host's queue of events: a socket whose session has ended is not heard. */
  private process(work: () => Promise<unknown> | undefined): Promise<void> {
    let begun: Promise<unknown> | undefined;
    this.queue = this.queue.then(() => {
      if (!this.endSession) begun = work(); // nobody waits for it there
    });
    return this.queue.then(async () => void (await begun));
  }

  private async note(assignment: string): Promise<void> {
    await this.parts.sql.query(`UPDATE "Instance" SET ${assignment} WHERE "id" = ?`, [this.instance.id]);
  }
}
