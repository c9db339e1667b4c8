import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { DockerContainer } from './docker-container';
import { findProgram } from './find-program';
import { freePort } from './free-port';
import { obtain, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService, type StartOptions } from './service';

const run = promisify(execFile);

export interface RunningRabbitmq extends RunningService {
  /** rabbitmqctl against this broker; returns what it printed. */
  ctl(args: readonly string[]): Promise<string>;
}

export interface ManagedRabbitmq extends RunningRabbitmq {
  /** Of the management API, without credentials. */
  readonly managementUrl: string;
}

/** Without plugins. Its user is guest, with every right. */
export function startRabbitmq(options: StartOptions = {}): Promise<RunningRabbitmq> {
  return obtain(rabbitmq, options);
}

/** A private one with the management plugin, for what is done by its HTTP API. */
export function startManagedRabbitmq(): Promise<ManagedRabbitmq> {
  return obtain(managedRabbitmq, { private: true });
}

interface Binaries {
  server: string;
  ctl: string;
  epmd: string;
}

export const rabbitmq: Recipe<RunningRabbitmq, Binaries> = {
  name: 'RabbitMQ',
  variable: 'GUARD_TEST_RABBITMQ_URL',
  packages: ['rabbitmq-server'],
  given: (url) => new GivenRabbitmq(url, rabbitmq.variable),
  find() {
    // Not the wrapper that Debian puts into PATH: it changes the user and writes to the system's folders.
    const server = findProgram('rabbitmq-server', ['/usr/lib/rabbitmq/bin']);
    const epmd = findProgram('epmd');
    return server && epmd ? { server, ctl: join(dirname(server), 'rabbitmqctl'), epmd } : undefined;
  },
  start,
  async contain() {
    const container = await DockerContainer.start({ image: 'rabbitmq:4-alpine', port: 5672, url: urlOf, answers });
    return Object.assign(container, { ctl: (args: readonly string[]) => container.execute(['rabbitmqctl', ...args]) });
  },
};

const managedRabbitmq: Recipe<ManagedRabbitmq, Binaries> = {
  ...rabbitmq,
  given: (url) => {
    throw new Error(`${url} may have no management API: this one is always private.`);
  },
  async start(binaries, how) {
    const port = await freePort();
    const broker = await start(binaries, how, port);
    return Object.assign(broker, { managementUrl: managementUrlOf(port) });
  },
  async contain() {
    const port = await freePort();
    const container = await DockerContainer.start({
      image: 'rabbitmq:4-management-alpine',
      port: 5672,
      publish: [`127.0.0.1:${port}:15672`],
      url: urlOf,
      answers: (url) => answers(url, port),
    });
    const ctl = (args: readonly string[]) => container.execute(['rabbitmqctl', ...args]);
    return Object.assign(container, { ctl, managementUrl: managementUrlOf(port) });
  },
};

class GivenRabbitmq extends GivenService implements RunningRabbitmq {
  ctl = () => this.refuse();
}

/** @param managementPort starts the management plugin too, which takes some seconds more. */
async function start(binaries: Binaries, how: How, managementPort?: number): Promise<RunningRabbitmq> {
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const epmd = await startEpmd(binaries.epmd, epmdPort);
  let environment: NodeJS.ProcessEnv = {};
  const broker = await ServerProcess.start({
    name: 'rabbitmq',
    url: urlOf(port),
    how,
    companion: epmd,
    stopSignal: 'SIGTERM',
    prepare(folder) {
      const ports = { RABBITMQ_DIST_PORT: `${distributionPort}`, ERL_EPMD_PORT: `${epmdPort}` };
      environment = {
        ...isolatedEnvironment(folder),
        ...ports,
        RABBITMQ_NODENAME: `evolution-guard-${port}@localhost`,
      };
      const management = ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${managementPort}`];
      const plain = [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = true'];
      const settings = managementPort === undefined ? plain : [...plain, ...management];
      writeFileSync(join(folder, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
      writeFileSync(join(folder, 'enabled_plugins'), managementPort === undefined ? '[].' : '[rabbitmq_management].');
      // With input allowed the start script becomes the broker; otherwise it stays in between and its pid is not the broker's.
      return { command: binaries.server, args: ['-noinput'], env: { ...environment, RABBITMQ_ALLOW_INPUT: 'true' } };
    },
    answers: () => answers(urlOf(port), managementPort),
  });
  return Object.assign(broker, {
    ctl: async (args: readonly string[]) => (await run(binaries.ctl, args, { env: environment })).stdout,
  });
}

/** Erlang's name server: one of our own, as RabbitMQ would leave a shared one running for ever. */
function startEpmd(command: string, port: number): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'epmd',
    url: `epmd://127.0.0.1:${port}`,
    how: 'binary',
    stopSignal: 'SIGTERM',
    prepare: () => ({ command, args: ['-port', `${port}`, '-address', '127.0.0.1'] }),
    answers: () => accepts(port),
  });
}

/** Nothing of the system's own broker: neither its settings nor its folders nor its cookie, which lies in HOME. */
function isolatedEnvironment(folder: string): NodeJS.ProcessEnv {
  const loopbackOnly = '-kernel inet_dist_use_interface {127,0,0,1}';
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: loopbackOnly,
    RABBITMQ_CTL_ERL_ARGS: loopbackOnly,
  };
}

function urlOf(port: number): string {
  return `amqp://guest:guest@127.0.0.1:${port}`;
}

const managementUrlOf = (port: number) => `http://127.0.0.1:${port}`;

async function answers(url: string, managementPort?: number): Promise<void> {
  const connection = await connect(url, { timeout: 2000 });
  await connection.close();
  if (managementPort === undefined) return;
  const page = await fetch(managementUrlOf(managementPort), { signal: AbortSignal.timeout(2000) });
  await page.text(); // a body that nobody reads keeps its connection
}

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: '127.0.0.1', port }, () => resolve());
    socket.once('error', reject).once('connect', () => socket.destroy());
  });
}
