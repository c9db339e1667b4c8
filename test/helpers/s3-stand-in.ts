import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface S3StandIn {
  url: string;
  /** By bucket and key. */
  objects: Map<string, Buffer>;
  /** `METHOD path?query` of each request. */
  requests: string[];
  /** What it answers next, instead. */
  refusals: { status: number; code: string }[];
  stop: () => Promise<void>;
}

const SIGNED =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/;
const PAGE = 2;

/** Keeps one bucket, addressed by path, and looks whether requests are signed for its key and region. */
export async function startS3(bucket: string, accessKeyId = 'KEY', region = 'us-east-1'): Promise<S3StandIn> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const refusals: S3StandIn['refusals'] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    requests.push(`${request.method} ${decodeURIComponent(url.pathname)}${url.search}`);
    const body = await buffer(request);
    const refuse = (status: number, code: string) =>
      response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
    const refusal = refusals.shift();
    if (refusal) return void refuse(refusal.status, refusal.code);
    const [, id, place] = SIGNED.exec(request.headers.authorization ?? '') ?? [];
    if (id !== accessKeyId || place !== region || !request.headers['x-amz-date'])
      return void refuse(403, 'AccessDenied');
    const [, found, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    if (found !== bucket) return void refuse(404, 'NoSuchBucket');
    const key = rest.join('/');
    if (request.method === 'PUT') {
      if (request.headers['content-length'] !== String(body.length)) return void refuse(411, 'MissingContentLength');
      objects.set(key, body);
      return void response.end();
    }
    if (request.method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (key === '') return void response.end(listing(objects, url.searchParams));
    const object = objects.get(key);
    if (!object) return void refuse(404, 'NoSuchKey');
    const [, last] = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (last === undefined) return void response.end(object);
    return void response.writeHead(206).end(object.subarray(0, Number(last) + 1));
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, objects, requests, refusals, stop };
}

/** ListObjectsV2, two objects to a page. */
function listing(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const isHere = (key: string) => key.startsWith(prefix) && !key.slice(prefix.length).includes(delimiter || '\0');
  const keys = [...objects.keys()].filter(isHere).sort();
  const from = Number(query.get('continuation-token') ?? 0);
  const next = from + PAGE < keys.length ? from + PAGE : undefined;
  const contents = keys.slice(from, from + PAGE).map((key) => {
    const escaped = key.replaceAll('&', '&amp;');
    return `<Contents><Key>${escaped}</Key><Size>${objects.get(key)?.length ?? 0}</Size></Contents>`;
  });
  const token = next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`;
  return `<?xml version="1.0"?><ListBucketResult>${token}${contents.join('')}</ListBucketResult>`;
}
