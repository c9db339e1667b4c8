import { connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import type { ConsumerOptions, EventContext, EventEnvelope } from '../../src';
import { recordingLog } from '../helpers/recording-log';

export const QUORUM = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

export interface Sent {
  id: string;
  chat: string;
  number: number;
}

/** An event as the plugin publishes it. Its number is also its place within the chat. */
export function event(chat: string, number: number, id: string = randomUUID()): Sent {
  return { id, chat, number };
}

/** `count` events, dealt to the chats in turn: so the numbers rise within each chat. */
export function events(count: number, chats: number): Sent[] {
  return Array.from({ length: count }, (_, number) => event(chatName(number % chats), number));
}

export const chatName = (index: number) => `55119${String(index).padStart(8, '0')}@s.whatsapp.net`;

export function bodyOf({ chat, number }: Pick<Sent, 'chat' | 'number'>) {
  return {
    event: 'messages.upsert',
    instance: 'shop',
    data: { key: { remoteJid: chat }, number },
    server_url: 'http://localhost:8080',
    date_time: '2026-01-01T00:00:00.000Z',
    sender: '5511900000000@s.whatsapp.net',
    apikey: 'token',
  };
}

/** A queue as the host declares it, and what the tests do to it from outside. */
export class TestQueue {
  private constructor(
    readonly name: string,
    readonly channel: ConfirmChannel,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(url: string, name = `shop-${randomUUID()}.messages.upsert`): Promise<TestQueue> {
    const connection = await connect(url);
    connection.on('error', () => undefined); // of a broker that is killed
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(name, QUORUM);
    return new TestQueue(name, channel, () => connection.close());
  }

  /** Resolves when the broker has confirmed all of them. */
  publish(...sent: Sent[]): Promise<void> {
    return this.publishTo(this.name, ...sent);
  }

  async publishTo(queue: string, ...sent: Sent[]): Promise<void> {
    for (const item of sent) {
      this.channel.sendToQueue(queue, Buffer.from(JSON.stringify(bodyOf(item))), {
        persistent: true,
        messageId: item.id,
        timestamp: 1_767_225_600,
        type: 'messages.upsert',
        headers: { 'guard-instance': 'shop', 'guard-chat': item.chat, 'guard-chat-sequence': item.number },
      });
    }
    await this.channel.waitForConfirms();
  }

  /** As the stock host does: no properties at all. */
  async publishBare(text: string): Promise<void> {
    this.channel.sendToQueue(this.name, Buffer.from(text));
    await this.channel.waitForConfirms();
  }

  /** Messages that wait and that nobody holds. */
  async waiting(queue = this.name): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  /** Polls the broker, who alone knows. */
  async untilWaiting(count: number, queue = this.name): Promise<void> {
    while ((await this.waiting(queue)) !== count) await new Promise(setImmediate);
  }

  /** Declares the queue as the consumer does, and waits for a message in it. */
  async take(queue: string): Promise<GetMessage> {
    await this.channel.assertQueue(queue, QUORUM);
    for (;;) {
      const message = await this.channel.get(queue, { noAck: true });
      if (message) return message;
      await new Promise(setImmediate);
    }
  }

  close(): Promise<void> {
    return this.end();
  }
}

export interface Handled {
  id: string | undefined;
  chat: string;
  number: number;
  attempt: number;
}

/** A handler that keeps what it is given. `during` is the work. */
export class Recorder {
  /** In the order in which the work began. */
  readonly begun: Handled[] = [];
  /** In the order in which it succeeded. */
  readonly done: Handled[] = [];
  /** Most pieces of work that were under way at a time: in one chat, and in all. */
  mostInChat = 0;
  mostInAll = 0;
  readonly log = recordingLog();
  private readonly underWay = new Map<string, number>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly during: (handled: Handled, context: EventContext) => Promise<void> | void = () => {}) {}

  readonly handler = async (body: EventEnvelope, context: EventContext): Promise<void> => {
    const { messageId: id, chat, attempt } = context;
    const handled = { id, chat, number: Number((body.data as { number?: unknown }).number), attempt };
    this.count(chat, 1);
    this.begun.push(handled);
    this.changes.emit('change');
    try {
      await this.during(handled, context);
      this.done.push(handled);
    } finally {
      this.count(chat, -1);
      this.changes.emit('change');
    }
  };

  options(url: string, queue: string): ConsumerOptions {
    return { url, queue, handler: this.handler, log: this.log };
  }

  /** Resolves when the condition holds; asked again whenever the handler begins or ends. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.changes, 'change');
  }

  /** Polls: a log has no events. */
  async untilLogged(text: string, times = 1): Promise<void> {
    const logged = () => this.log.lines.filter(({ message }) => message.includes(text)).length;
    while (logged() < times) await new Promise(setImmediate);
  }

  private count(chat: string, change: 1 | -1): void {
    const now = (this.underWay.get(chat) ?? 0) + change;
    this.underWay.set(chat, now);
    this.mostInChat = Math.max(this.mostInChat, now);
    this.mostInAll = Math.max(
      this.mostInAll,
      [...this.underWay.values()].reduce((sum, count) => sum + count, 0),
    );
  }
}

/** A promise and what resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Stands between a client and the broker, so that a test can cut what runs through it. */
export async function startDoor(url: string) {
  const broker = new URL(url);
  const sockets = new Set<Socket>();
  let shut = false;
  const server = createServer((socket) => {
    if (shut) return void socket.destroy();
    const beyond = connectTcp(Number(broker.port || 5672), broker.hostname);
    for (const end of [socket, beyond]) {
      sockets.add(end);
      end
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(end);
          socket.destroy();
          beyond.destroy();
        });
    }
    socket.pipe(beyond).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) })
      .href,
    cut,
    shut() {
      shut = true;
      cut();
    },
    open: () => (shut = false),
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Numbers of each chat in the order of the list, without copies. */
export function numbersByChat(handled: readonly Pick<Handled, 'id' | 'chat' | 'number'>[]): Map<string, number[]> {
  const byChat = new Map<string, number[]>();
  const seen = new Set<string | undefined>();
  for (const { id, chat, number } of handled) {
    if (seen.has(id)) continue;
    seen.add(id);
    byChat.set(chat, [...(byChat.get(chat) ?? []), number]);
  }
  return byChat;
}

export function rises(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? -Infinity));
}
