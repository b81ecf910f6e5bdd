/** Decompression would hold more than it may. The port promises `code`. */
export class TooLarge extends Error {
  readonly code = 'TOO_LARGE';
  constructor(what: string, bytesMax: number) {
    super(`${what} decompresses to more than ${bytesMax} bytes`);
    this.name = 'TooLarge';
  }
}

/** Bytes that are not what their codec says. */
export class NotValid extends Error {
  constructor(codec: string, why: string) {
    super(`not valid ${codec}: ${why}`);
    this.name = 'NotValid';
  }
}

/** A codec's package is not installed, and there is no JavaScript to do its work. */
export class CodecMissing extends Error {
  readonly code = 'CODEC_MISSING';
  constructor(codec: string, remedy: string, options?: ErrorOptions) {
    super(`${codec} is not available here; ${remedy}`, options);
    this.name = 'CodecMissing';
  }
}
