export interface HostPackage {
  /** What stands at the top of the host's node_modules, by version of EvolutionAPI. */
  [version: string]: string;
  /** What the host, or a package of it, asks for there: npm puts nothing in its place that is outside of this range. */
  wanted: string;
}

/**
 * The packages that EvolutionAPI and we both have, from the package-lock.json of its tags. Null is a dependency of ours
 * that EvolutionAPI has not.
 */
export const HOST_PACKAGES: Readonly<Record<string, HostPackage | null>> = {
  '@ast-grep/napi': null,
  '@opentelemetry/api': { '2.3.7': '1.9.0', '2.3.6': '1.9.0', wanted: '^1.9.0' },
  '@pinojs/redact': { '2.3.7': '0.4.0', '2.3.6': '0.4.0', wanted: '^0.4.0' },
  '@prisma/adapter-pg': null,
  '@prisma/client': { '2.3.7': '6.19.0', '2.3.6': '6.17.1', wanted: '^6.16.2' },
  '@prisma/debug': { '2.3.7': '6.19.0', '2.3.6': '6.17.1', wanted: '6.17.1 || 6.19.0' },
  '@sesamecare-oss/redlock': null,
  '@types/node': { '2.3.7': '24.10.1', '2.3.6': '24.9.1', wanted: '^24.5.2' },
  '@types/pg': { '2.3.7': '8.15.5', '2.3.6': '8.15.5', wanted: '8.15.5' },
  amqplib: { '2.3.7': '0.10.9', '2.3.6': '0.10.9', wanted: '^0.10.5' },
  'atomic-sleep': { '2.3.7': '1.0.0', '2.3.6': '1.0.0', wanted: '^1.0.0' },
  aws4fetch: null,
  axios: { '2.3.7': '1.13.2', '2.3.6': '1.12.2', wanted: '^1.7.9' },
  'cluster-key-slot': { '2.3.7': '1.1.2', '2.3.6': '1.1.2', wanted: '1.1.2' },
  cockatiel: null,
  commander: { '2.3.7': '14.0.2', '2.3.6': '14.0.1', wanted: '^14.0.1' },
  croner: null,
  debug: { '2.3.7': '4.4.3', '2.3.6': '4.4.3', wanted: '^4.4.1' },
  diff: null,
  express: { '2.3.7': '4.21.2', '2.3.6': '4.21.2', wanted: '^4.21.2' },
  'iconv-lite': { '2.3.7': '0.4.24', '2.3.6': '0.4.24', wanted: '0.4.24' },
  ioredis: null,
  'lru-cache': { '2.3.7': '11.2.2', '2.3.6': '11.2.2', wanted: '^11.1.0' },
  mariadb: null,
  'on-exit-leak-free': { '2.3.7': '2.1.2', '2.3.6': '2.1.2', wanted: '^2.1.0' },
  pg: { '2.3.7': '8.16.3', '2.3.6': '8.16.3', wanted: '^8.13.1' },
  'pg-protocol': { '2.3.7': '1.10.3', '2.3.6': '1.10.3', wanted: '^1.10.3' },
  'pg-types': { '2.3.7': '2.2.0', '2.3.6': '2.2.0', wanted: '2.2.0' },
  pino: { '2.3.7': '9.14.0', '2.3.6': '9.14.0', wanted: '^9.10.0' },
  'pino-abstract-transport': { '2.3.7': '2.0.0', '2.3.6': '2.0.0', wanted: '^2.0.0' },
  'pino-std-serializers': { '2.3.7': '7.0.0', '2.3.6': '7.0.0', wanted: '^7.0.0' },
  'postgres-array': { '2.3.7': '2.0.0', '2.3.6': '2.0.0', wanted: '~2.0.0' },
  prisma: { '2.3.7': '6.19.0', '2.3.6': '6.17.1', wanted: '^6.1.0' },
  'process-warning': { '2.3.7': '5.0.0', '2.3.6': '5.0.0', wanted: '^5.0.0' },
  'prom-client': null,
  'quick-format-unescaped': { '2.3.7': '4.0.4', '2.3.6': '4.0.4', wanted: '^4.0.3' },
  'real-require': { '2.3.7': '0.2.0', '2.3.6': '0.2.0', wanted: '^0.2.0' },
  'safe-stable-stringify': { '2.3.7': '2.5.0', '2.3.6': '2.5.0', wanted: '^2.3.1' },
  'safer-buffer': { '2.3.7': '2.1.2', '2.3.6': '2.1.2', wanted: '>= 2.1.2 < 3' },
  'sonic-boom': { '2.3.7': '4.2.0', '2.3.6': '4.2.0', wanted: '^4.0.1' },
  split2: { '2.3.7': '4.2.0', '2.3.6': '4.2.0', wanted: '^4.0.0' },
  'thread-stream': { '2.3.7': '3.1.0', '2.3.6': '3.1.0', wanted: '^3.0.0' },
  typescript: { '2.3.7': '5.9.3', '2.3.6': '5.9.3', wanted: '^5.7.2' },
  uuid: { '2.3.7': '13.0.0', '2.3.6': '13.0.0', wanted: '^13.0.0' },
  zod: { '2.3.7': '3.25.76', '2.3.6': '3.25.76', wanted: '^3.23.8' },
};
