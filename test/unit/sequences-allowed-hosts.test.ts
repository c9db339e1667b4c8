import { describe, expect, it } from '@jest/globals';
import { hostList } from '../../src/core/host-list';
import { AllowedHosts } from '../../src/sends/sequences/allowed-hosts';

const OWN = { url: 'https://wa.example.com', port: 8080, names: () => ['box-7', '192.168.1.5', 'fd00::5'] };
const allowed = (list: string) => new AllowedHosts(hostList.parse(list), OWN);
const codeOf = (list: string, url: string) => allowed(list).refusal(url)?.code;
const REFUSED = 'GUARD_SEQUENCE_URL';
const LOOP = 'GUARD_SEQUENCE_LOOP';

describe('the list of hosts that HTTP steps may reach', () => {
  it.each([
    ['crm.example.com', 'https://crm.example.com/hook?x=1'],
    ['crm.example.com', 'http://CRM.Example.com./hook'],
    ['crm.example.com:8443', 'https://crm.example.com:8443/'],
    ['crm.example.com:443', 'https://crm.example.com/'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['n8n:5678', 'http://n8n:5678/'],
    ['other.example, 8.8.8.8', 'http://8.8.8.8/'],
    ['10.0.0.7:3000', 'http://10.0.0.7:3000/'],
    ['10.0.0.0/8', 'http://10.200.3.4/'],
    ['[::1]:9000', 'http://[0:0:0:0:0:0:0:1]:9000/'],
    ['fd00::/8', 'http://[fd12::1]/'],
    ['xn--mnchen-3ya.example', 'https://MÜNCHEN.example/'],
  ])('%s lets %s through', (list, url) => {
    expect(codeOf(list, url)).toBeUndefined();
  });

  it.each([
    ['crm.example.com', 'https://crm.example.com:8443/'],
    ['crm.example.com:8443', 'https://crm.example.com/'],
    ['crm.example.com', 'https://crm.example.com.evil.example/'],
    ['crm.example.com', 'https://evil.example/#@crm.example.com'],
    ['crm.example.com', 'https://crm.example.com@evil.example/'],
    ['crm.example.com', 'https://user:secret@crm.example.com/'],
    ['*.example.com', 'https://example.com/'],
    ['*.example.com', 'https://evilexample.com/'],
    ['crm.example.com', 'ftp://crm.example.com/'],
    ['crm.example.com', 'file:///etc/passwd'],
    ['crm.example.com', 'no url'],
    ['crm.example.com', 'http://169.254.169.254/latest/meta-data/'],
    ['10.0.0.7', 'http://10.0.0.7:3000/'],
    ['10.0.0.0/8', 'http://11.0.0.1/'],
    ['10.0.0.7', 'http://[::ffff:10.0.0.8]/'],
  ])('%s keeps %s out', (list, url) => {
    expect(codeOf(list, url)).toBe(REFUSED);
  });

  it('that is empty keeps everything out, and says why', () => {
    const refusal = new AllowedHosts([], OWN).refusal('https://crm.example.com/');
    expect(refusal?.message).toContain('GUARD_SEQUENCE_HTTP_HOSTS is not set');
  });

  it.each([
    'https://wa.example.com/message/sendText/shop',
    'https://wa.example.com:443/',
    'http://localhost:8080/',
    'http://api.localhost:8080/',
    'http://127.0.0.1:8080/',
    'http://127.9.9.9:8080/',
    'http://0x7f000001:8080/',
    'http://2130706433:8080/',
    'http://0.0.0.0:8080/',
    'http://[::1]:8080/',
    'http://[::ffff:127.0.0.1]:8080/',
    'http://box-7:8080/',
    'http://192.168.1.5:8080/',
    'http://[fd00:0::5]:8080/',
  ])('never lets a step lead to this host itself, as %s would', (url) => {
    const { host } = new URL(url);
    expect(codeOf(`wa.example.com, localhost:8080, 127.0.0.1:8080, ${host.includes('[') ? '::/0' : host}`, url)).toBe(
      LOOP,
    );
  });

  it.each([
    '10.1.2.3',
    '172.31.0.1',
    '192.168.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ])('keeps a name out that resolves to %s, unless that is listed as well', (address) => {
    expect(allowed('crm.example.com').addressRefusal(address, 443)?.code).toBe(REFUSED);
    expect(allowed(`crm.example.com,${address}`).addressRefusal(address, 443)).toBeUndefined();
  });

  it('lets public addresses through, and a listed private one at its port only', () => {
    for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111']) {
      expect(allowed('crm.example.com').addressRefusal(address, 443)).toBeUndefined();
    }
    expect(allowed('n8n:5678,172.18.0.7:5678').addressRefusal('172.18.0.7', 5678)).toBeUndefined();
    expect(allowed('n8n:5678,172.18.0.7:5678').addressRefusal('172.18.0.7', 6379)?.code).toBe(REFUSED);
    expect(allowed('n8n:5678,172.18.0.0/16').addressRefusal('172.18.0.7', 5678)).toBeUndefined();
  });

  it('never lets a name lead to the port of this host on this machine', () => {
    const list = allowed('evil.example:8080,127.0.0.0/8,192.168.0.0/16');
    expect(list.addressRefusal('127.0.0.1', 8080)?.code).toBe(LOOP);
    expect(list.addressRefusal('192.168.1.5', 8080)?.code).toBe(LOOP);
    expect(list.addressRefusal('192.168.1.6', 8080)).toBeUndefined();
  });

  it.each(['http://crm.example.com', 'crm.example.com/path', 'a..b', '*', '*.', 'host:0', 'host:65536', '10.0.0.0/33'])(
    'does not take %s for a host',
    (entry) => {
      expect(hostList.safeParse(`crm.example.com,${entry}`).error?.issues[0]?.message).toContain(
        `${entry}: must be host`,
      );
    },
  );
});
