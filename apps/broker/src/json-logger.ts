import type { LogFields, Logger } from '@trunkline/kernel';
import type { LogLevel } from '@trunkline/platform';
import { destination, pino } from 'pino';

/** Lines of JSON on stderr, by pino. */
export function jsonLogger(level: LogLevel): Logger {
  const logger = pino({ level }, destination({ fd: 2, sync: true }));
  const line = (at: LogLevel) => (message: string, fields?: LogFields) => logger[at](fields ?? {}, message);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
