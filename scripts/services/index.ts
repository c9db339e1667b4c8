export { mariadb, startMariadb, startSecureMariadb } from './mariadb';
export { startPgbouncer } from './pgbouncer';
export { postgres, startPostgres } from './postgres';
export { provide } from './obtain';
export { rabbitmq, startManagedRabbitmq, startRabbitmq, type ManagedRabbitmq, type RunningRabbitmq } from './rabbitmq';
export { redis, startRedis } from './redis';
export type { How, RunningService, StartOptions } from './service';
