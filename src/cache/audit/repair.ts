import type { RedisLink } from '../../stores/redis/redis-link';
import type { Finding, Fix } from './finding';

type Link = Pick<RedisLink, 'run'>;

/**
 * Does what a finding asks for, and looks whether it had its effect.
 *
 * @param ttlSeconds CACHE_REDIS_TTL, which the host gives its keys.
 * @returns whether it had.
 */
export function repair(link: Link, { key, fix }: Finding & { fix: Fix }, ttlSeconds: number): Promise<boolean> {
  const repairs: Record<Fix, () => Promise<boolean>> = {
    delete: async () => {
      await link.run(['UNLINK', key]);
      return (await link.run(['EXISTS', key])) === 0;
    },
    expire: async () => {
      await link.run(['EXPIRE', key, ttlSeconds]);
      return (await ttlOf(link, key)) !== STAYS;
    },
    keep: async () => {
      await link.run(['PERSIST', key]);
      return (await ttlOf(link, key)) === STAYS;
    },
  };
  return repairs[fix]();
}

const STAYS = -1;

async function ttlOf(link: Link, key: string): Promise<number> {
  return Number(await link.run(['TTL', key]));
}
