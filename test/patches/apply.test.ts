import { describe, expect, test } from '@jest/globals';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { apply, planApply } from '../../patches/engine/apply';
import { GuardError } from '../../src/core/errors';
import {
  hostFile,
  makeFolder,
  makeHost,
  MANIFEST,
  pack,
  read,
  refusal,
  RELEASE,
  TARBALL,
  toCrlf,
  tree,
  write,
} from './synthetic-host';

function applyTo(host: string): void {
  apply(planApply(host, RELEASE), pack);
}

describe('where the lines go', () => {
  test('register comes right after Sentry, attach after the server module and before the router', () => {
    const host = makeHost();
    applyTo(host);
    expect(read(host, 'src/main.ts')).toBe(`// Watch first — then the rest 🙂
import '@utils/instrumentSentry';
import 'evolution-guard/register';

import { monitor } from '@api/server.module';
import { attach as attachGuard } from 'evolution-guard';
import * as serverModule from '@api/server.module';
import { configService } from '@config/env.config';
import router from './router';

async function bootstrap() {
  const app = make();
  app.use('/files', router);
  await attachGuard({ app, configService, host: serverModule });
  app.use('/', router);
  app.listen();
}

void bootstrap();
`);
  });

  test('the cache engine is handed over at the end of its constructor', () => {
    const host = makeHost();
    applyTo(host);
    expect(read(host, 'src/cache/cacheengine.ts')).toBe(`import { ICache } from '@api/abstract/abstract.cache';
import { cacheEngine as guardCacheEngine } from 'evolution-guard';
import { Store } from './store';

export class CacheEngine {
  private engine: ICache;

  constructor(module: string) {
    this.name = module;
    if (module !== '') {
      this.engine = new Store(module);
    }
    this.engine = guardCacheEngine(this.engine, module);
  }
}
`);
  });

  test('the dependency stands at its place in the alphabet and package.json stays valid', () => {
    const host = makeHost();
    applyTo(host);
    const { dependencies } = JSON.parse(read(host, 'package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies)).toEqual(['baileys', 'evolution-guard', 'express', 'zebra']);
    expect(dependencies['evolution-guard']).toBe(`file:./${TARBALL}`);
    expect(read(host, TARBALL)).toBe('a tarball');
  });

  test('when all dependencies sort before it, package.json still stays valid', () => {
    const host = makeHost({
      'package.json':
        '{\n "name": "evolution-api",\n "version": "2.3.7",\n "dependencies": {\n  "a": "1",\n  "b": "1"\n }\n}',
    });
    applyTo(host);
    const { dependencies } = JSON.parse(read(host, 'package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).sort()).toEqual(['a', 'b', 'evolution-guard']);
  });

  test('devDependencies and nested dependencies are not mistaken for the dependencies', () => {
    const host = makeHost({
      'package.json': `{
  "name": "evolution-api",
  "version": "2.3.7",
  "config": { "dependencies": {
    "x": "1"
  } },
  "devDependencies": {
    "jest": "1"
  },
  "dependencies": {
    "zebra": "1"
  }
}
`,
    });
    applyTo(host);
    expect(read(host, 'package.json')).toContain(
      `"dependencies": {\n    "evolution-guard": "file:./${TARBALL}",\n    "zebra"`,
    );
  });

  test('the image gets the tarball before it installs', () => {
    const host = makeHost();
    applyTo(host);
    expect(read(host, 'Dockerfile')).toContain(
      './\n\nCOPY ./evolution-guard ./evolution-guard\n\nRUN npm ci\n\nRUN npm run',
    );
  });

  test('an instruction that goes on over several lines is not cut in two', () => {
    const host = makeHost({ Dockerfile: 'FROM node\nRUN echo a\nRUN apk add git && \\\n    npm ci\n' });
    applyTo(host);
    expect(read(host, 'Dockerfile')).toBe(
      'FROM node\nRUN echo a\nCOPY ./evolution-guard ./evolution-guard\n\nRUN apk add git && \\\n    npm ci\n',
    );
  });

  test('a host without Dockerfile is patched without it', () => {
    const host = makeHost({ Dockerfile: undefined });
    applyTo(host);
    expect(Object.keys(tree(host))).not.toContain('Dockerfile');
    expect(read(host, 'src/main.ts')).toContain('attachGuard');
  });

  test('anchors are found in any formatting', () => {
    const main = hostFile('src/main.ts')
      .replaceAll("'", '"')
      .replace('app.use("/", router);', 'app\n    .use(\n      "/",\n      router,\n    ); // all routes')
      .replace('import { monitor } from', 'import {\n  monitor,\n} from')
      .replaceAll(';\n', '\n');
    const host = makeHost({ 'src/main.ts': main });
    applyTo(host);
    expect(read(host, 'src/main.ts')).toContain('serverModule });\n  app\n    .use(');
    expect(read(host, 'src/main.ts')).toContain('} from "@api/server.module"\nimport { attach as attachGuard }');
  });

  test('inserted lines end like the lines of the file', () => {
    const host = makeHost({}, toCrlf);
    applyTo(host);
    for (const path of ['src/main.ts', 'src/cache/cacheengine.ts', 'package.json', 'Dockerfile']) {
      expect(read(host, path)).not.toMatch(/[^\r]\n/);
    }
  });

  test('a last line without newline is not joined with ours', () => {
    const host = makeHost({
      'src/main.ts': `import '@utils/instrumentSentry';\nasync function bootstrap() {\n  app.use('/', router);\n}\nimport { a } from '@api/server.module';`,
    });
    applyTo(host);
    expect(read(host, 'src/main.ts')).toMatch(
      /from '@api\/server\.module';\nimport \{ attach as attachGuard \} from 'evolution-guard';\nimport \* as serverModule from '@api\/server\.module';$/,
    );
  });
});

describe('applying again', () => {
  test('the second time changes nothing, not even a modification time', () => {
    const host = makeHost();
    applyTo(host);
    const times = () => Object.keys(tree(host)).map((path) => statSync(join(host, path), { bigint: true }).mtimeNs);
    const before = times();
    const plan = planApply(host, RELEASE);
    apply(plan, () => {
      throw new Error('must not pack');
    });
    expect(plan.upToDate).toBe(true);
    expect(times()).toEqual(before);
  });

  test('a tarball that went missing is put back', () => {
    const host = makeHost();
    applyTo(host);
    const complete = tree(host);
    rmSync(join(host, TARBALL));
    applyTo(host);
    expect(tree(host)).toEqual(complete);
  });
});

describe('what is refused, with nothing written', () => {
  function expectRefusal(host: string, code: string, detail: RegExp): void {
    const before = tree(host);
    expect(refusal(() => applyTo(host))).toMatchObject({ code, detail: expect.stringMatching(detail) as unknown });
    expect(tree(host)).toEqual(before);
  }

  test('a folder that is no EvolutionAPI', () => {
    expectRefusal(makeFolder(), 'GUARD_HOST_NOT_FOUND', /no package\.json/);
    expectRefusal(makeHost({ 'package.json': '{"name":"other","version":"2.3.7"}' }), 'GUARD_HOST_NOT_FOUND', /name/);
    expectRefusal(makeHost({ 'package.json': '{' }), 'GUARD_HOST_NOT_FOUND', /package\.json/);
    const bare = makeFolder();
    write(bare, 'package.json', hostFile('package.json'));
    expectRefusal(bare, 'GUARD_HOST_NOT_FOUND', /no src folder/);
  });

  test('a version that is not in the list, unless any version will do', () => {
    const host = makeHost({ 'package.json': hostFile('package.json').replace('2.3.7', '2.9.0') });
    expectRefusal(host, 'GUARD_HOST_VERSION', /is 2\.9\.0; supported: 2\.3\.7, 2\.3\.6/);
    apply(planApply(host, RELEASE, { anyVersion: true }), pack);
    expect(read(host, 'src/main.ts')).toContain('attachGuard');
  });

  test('a patched file that was changed by hand', () => {
    const host = makeHost();
    applyTo(host);
    write(host, 'src/main.ts', `${read(host, 'src/main.ts')}// mine\n`);
    write(host, 'package.json', read(host, 'package.json').replace('zebra', 'zoo'));
    expectRefusal(host, 'GUARD_PATCH_HAND_CHANGED', /src\/main\.ts, package\.json/);
  });

  test('lines of ours that a formatter went over are still known as ours', () => {
    const host = makeHost();
    applyTo(host);
    write(
      host,
      'src/cache/cacheengine.ts',
      read(host, 'src/cache/cacheengine.ts').replaceAll("'", '"').replaceAll(';', ''),
    );
    expectRefusal(host, 'GUARD_PATCH_HAND_CHANGED', /cacheengine/);
  });

  test.each(RELEASE.recipes.map((recipe) => [recipe.id, recipe] as const))(
    'lines of %s without a record',
    (_id, recipe) => {
      const patched = makeHost();
      apply(planApply(patched, { ...RELEASE, recipes: [recipe] }), pack);
      const other = makeHost({ [recipe.file]: read(patched, recipe.file) });
      expectRefusal(other, 'GUARD_PATCH_MANIFEST', new RegExp(recipe.file));
    },
  );

  test.each([
    ['is cut short', (text: string) => text.slice(0, -10), /applied\.json/],
    ['has a wrong digest', (text: string) => text.replace(/"[0-9a-f]{64}"/, '"abc"'), /SHA-256/],
    ['points outside the host', (text: string) => text.replace('"src/main.ts"', '"../main.ts"'), /inside the host/],
    ['names no proper version', (text: string) => text.replace('"0.1.0"', '"../../x"'), /must be a version/],
    [
      'lists other lines than there are',
      (text: string) => text.replace('evolution-guard/register', 'evolution'),
      /main\.ts/,
    ],
  ])('a record that %s', (_what, damage, detail) => {
    const host = makeHost();
    applyTo(host);
    write(host, MANIFEST, damage(read(host, MANIFEST)));
    expectRefusal(host, 'GUARD_PATCH_MANIFEST', detail);
  });

  test('a file that is not UTF-8, since its bytes could not be kept', () => {
    const host = makeHost();
    write(host, 'src/main.ts', Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
    expectRefusal(host, 'GUARD_PATCH_CONFLICT', /not UTF-8/);
  });

  test('a plugin that cannot be packed', () => {
    const host = makeHost();
    const before = tree(host);
    const unbuilt = () => {
      throw new GuardError('GUARD_PATCH_UNBUILT', 'dist is missing.');
    };
    expect(refusal(() => apply(planApply(host, RELEASE), unbuilt))).toMatchObject({ code: 'GUARD_PATCH_UNBUILT' });
    expect(tree(host)).toEqual(before);
  });
});
