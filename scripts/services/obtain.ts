import { dockerAnswers } from './docker-container';
import { installPackages, mayInstall } from './package-manager';
import type { How, RunningService, StartOptions } from './service';

/** How one kind of server is come by. `Binaries` are the paths that starting it takes. */
export interface Recipe<Service extends RunningService, Binaries> {
  name: string;
  variable: string;
  packages: readonly string[];
  given(url: string): Service;
  find(): Binaries | undefined;
  /** Binaries that came with our own dependencies. */
  embedded?(): Binaries | undefined;
  start(binaries: Binaries, how: How): Promise<Service>;
  contain(): Promise<Service>;
}

/**
 * The server that the environment names; else a private one from the machine's binaries, from our own dependencies,
 * from the system's package manager, or in a container. Throws one line that says what to install.
 */
export async function obtain<Service extends RunningService, Binaries>(
  recipe: Recipe<Service, Binaries>,
  options: StartOptions,
): Promise<Service> {
  const url = process.env[recipe.variable];
  if (url && !options.private) return recipe.given(url);

  const found = await provide(recipe);
  if (found) return recipe.start(found.binaries, found.how);
  if (await dockerAnswers()) return recipe.contain();
  throw new Error(
    `No ${recipe.name} to work with: install ${recipe.packages.join(' ')}, start docker, or set ${recipe.variable}.`,
  );
}

/** Finds the binaries, installing them if that is allowed. Apart from starting, as it may take minutes. */
export async function provide<Service extends RunningService, Binaries>(
  recipe: Recipe<Service, Binaries>,
): Promise<{ binaries: Binaries; how: How } | undefined> {
  const own = recipe.find();
  if (own) return { binaries: own, how: 'binary' };
  const embedded = recipe.embedded?.();
  if (embedded) return { binaries: embedded, how: 'embedded' };
  if (!(await mayInstall())) return undefined;
  await installPackages(recipe.packages);
  const installed = recipe.find();
  return installed && { binaries: installed, how: 'installed' };
}
