/** A stretch of a file's text, counted in UTF-16 units like every JavaScript string. */
export interface Span {
  start: number;
  end: number;
}

/** A place in a file, described by what stands there and not by how it is formatted. */
export interface Anchor {
  /** For the operator who has to find it by eye. */
  words: string;
  /** Roughly how it looks; when it is not found, the lines most like this are shown. */
  example: string;
  find: (text: string) => Span[];
}

/** Whole lines beside an anchor that must occur exactly once. */
export interface Edit {
  anchor: Anchor;
  position: 'before' | 'after';
  /** Without indentation and line ending: both are taken from the file. */
  lines: readonly string[];
}

/** One purpose in one file of the host. patches/README.md has the rules. */
export interface Recipe {
  id: string;
  /** Relative to the host's folder, with forward slashes. */
  file: string;
  /** A host that lacks the file is patched without it. */
  optional?: true;
  why: string;
  removeWhen: string;
  /** What the operator loses if the host runs without it. */
  promise: string;
  /** Matches a file that holds these lines already, even after a formatter went over them. */
  seam: RegExp;
  edits: readonly Edit[];
}

export interface Release {
  version: string;
  recipes: readonly Recipe[];
  supportedVersions: readonly string[];
}
