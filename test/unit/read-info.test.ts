import { describe, expect, it } from '@jest/globals';
import { readPrimary } from '../../src/stores/redis/read-info';

const INFO = [
  '# Memory',
  'used_memory:1048576',
  'maxmemory_policy:allkeys-lru',
  '',
  '# Replication',
  'role:master',
  'connected_slaves:3',
  'slave0:ip=10.0.0.2,port=6379,state=online,offset=900,lag=1',
  'slave1:ip=fd00::3,port=6380,state=online,offset=1400,lag=0,io-thread=0',
  'slave2:ip=replica-c,port=6379,state=wait_bgsave,offset=0,lag=-1',
  'master_replid:0d4a1f',
  'master_repl_offset:1400',
  '# Keyspace',
  'db0:keys=2,expires=1,avg_ttl=100',
].join('\r\n');

describe('what a primary tells of itself', () => {
  it('has every replica with its lag, the bytes that it has not acknowledged, and whether it is online', () => {
    expect(readPrimary('10.0.0.1:6379', INFO)).toMatchObject({
      address: '10.0.0.1:6379',
      replicas: [
        { address: '10.0.0.2:6379', lagSeconds: 1, behindBytes: 500, isOnline: true },
        { address: '[fd00::3]:6380', lagSeconds: 0, behindBytes: 0, isOnline: true },
        { address: 'replica-c:6379', lagSeconds: 0, behindBytes: 1400, isOnline: false },
      ],
    });
  });

  it('has its fields by name, and no headings among them', () => {
    const { info } = readPrimary('a:1', INFO);
    expect(info.get('maxmemory_policy')).toBe('allkeys-lru');
    expect(info.get('db0')).toBe('keys=2,expires=1,avg_ttl=100');
    expect([...info.keys()].filter((name) => name.startsWith('#'))).toEqual([]);
  });

  it('has the save points where the server tells of them, and nothing where it does not', () => {
    expect(readPrimary('a:1', INFO, '').info.get('save')).toBe('');
    expect(readPrimary('a:1', INFO).info.has('save')).toBe(false);
  });

  it('has no replicas where there are none', () => {
    expect(readPrimary('a:1', 'role:master\nconnected_slaves:0\nslave_read_only:1').replicas).toEqual([]);
  });
});
