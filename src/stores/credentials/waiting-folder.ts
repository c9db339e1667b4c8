import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isThere } from '../../core/is-there';

/** Where credentials wait while Redis is away; a folder for each instance. */
export const waitingRoot = (instancesDir: string): string => join(instancesDir, 'evolution-guard-waiting');

/**
 * The folder of one instance: it is there exactly while something of the instance waits.
 *
 * It is not the instance's own folder: the host removes that one before it deletes from the cache, and fails where somebody
 * writes into it meanwhile; and it deletes from the cache by name as well, which need not be the name of any folder.
 */
export const waitingFolder = (instancesDir: string, instanceId: string): string =>
  join(waitingRoot(instancesDir), fileNameOf(instanceId));

/**
 * A name for a file that stands for any text: `/`, `..`, length and names that differ in case alone do no harm. It leads
 * nowhere back, so the file has the text in it.
 */
export const fileNameOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Whether something of an instance waits. */
export const isWaiting = (instancesDir: string, instanceId: string): Promise<boolean> =>
  isThere(waitingFolder(instancesDir, instanceId));
