import { Logger as NestLogger } from '@nestjs/common';
import type { LogFields, Logger } from '@trunkline/kernel';

/** The bus's log lines through Nest's Logger, under the context `Trunkline`. */
export function nestLogger(context = 'Trunkline'): Logger {
  const logger = new NestLogger(context);
  const line = (message: string, fields?: LogFields): string => {
    const said = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`);
    return said.length === 0 ? message : `${message} (${said.join(', ')})`;
  };
  return {
    debug: (message, fields) => logger.debug(line(message, fields)),
    info: (message, fields) => logger.log(line(message, fields)),
    warn: (message, fields) => logger.warn(line(message, fields)),
    error: (message, fields) => logger.error(line(message, fields)),
  };
}
