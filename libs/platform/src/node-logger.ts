import type { Logger, LogFields } from '@trunkline/kernel';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Plain lines on stderr: time, level, message, then fields as `key=value`. Loads nothing. */
export function stderrLogger(level: LogLevel = 'info'): Logger {
  const line = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    process.stderr.write(`${new Date().toISOString()} ${at.toUpperCase().padEnd(5)} ${message}${shown(fields)}\n`);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function shown(fields: LogFields = {}): string {
  let text = '';
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const plain = String(value);
    text += ` ${key}=${/[\s"=]/.test(plain) ? JSON.stringify(plain) : plain}`;
  }
  return text;
}
