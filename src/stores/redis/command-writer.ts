import { Command, type Redis } from 'ioredis';
import type { RedisCommand } from './redis-link';

export class CommandWriter {
  constructor(
    private readonly client: Redis,
    private readonly fenceKey: string,
  ) {}

  async submit([name, ...args]: RedisCommand, isRead: boolean): Promise<unknown> {
    if (isRead) {
      const fence = this.client.hdel(this.fenceKey, 'x');
      const reply = this.client.call(name, ...args);
      reply.catch(() => undefined);
      await fence;
      return reply;
    }
    return this.client.call(name, ...args);
  }
}
void Command;
