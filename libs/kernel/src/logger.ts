/** Facts beside a log line: short, without payload, without secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Log lines as a port. Client-chosen text must pass {@link printable} first. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Text that came from outside, fit for a log line: control characters replaced, at most `lengthMax` characters. */
export function printable(text: string, lengthMax = 200): string {
  let shown = '';
  for (const character of text.slice(0, lengthMax)) {
    const code = character.codePointAt(0) ?? 0;
    shown += code < 0x20 || (code >= 0x7f && code < 0xa0) ? '\uFFFD' : character;
  }
  return text.length > lengthMax ? `${shown}…` : shown;
}
