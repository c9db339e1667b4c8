/*
 * Preloaded into a host that is on trial: EvolutionAPI listens on every address of the machine and has no setting for
 * it, and a trial is nobody else's business.
 */
const { Server } = require('node:net');

const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  const everywhere = typeof port === 'number' && typeof rest[0] !== 'string';
  return everywhere ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest);
};
