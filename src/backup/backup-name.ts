const NAME = /^evolution-guard-.+-(\d{8}T\d{6}Z)\.backup$/;

/** Names of installations are free; names of files, and keys in a bucket, are not. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param at milliseconds since 1970; what is below a second is not in the name. */
export function backupName(clientName: string, at: number): string {
  const stamp = `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  return `evolution-guard-${encoded(clientName)}-${stamp}.backup`;
}

/** What a name says of the time: later ones are greater. Undefined: no backup has such a name. */
export const stampOf = (name: string): string | undefined => NAME.exec(name)?.[1];
