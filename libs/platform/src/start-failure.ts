import { asError, systemCode } from '@trunkline/kernel';

/** What stands in the environment is not what is wanted: a sentence for whoever starts the program. */
export class EnvironmentFault extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'EnvironmentFault';
  }
}

/** Errors whose text says what to do; told by name, because this lib does not know those of the others. */
const SENTENCES = new Set(['EnvironmentFault', 'TrunklineError', 'StartFault', 'ConfigFault']);

/**
 * Why a program could not start, for its last words: a sentence where there is one, all that is known where there is
 * none. `portVariable` is what its port is chosen by.
 */
export function startFailure(thrown: unknown, portVariable: string): string {
  if (typeof thrown === 'string') return thrown;
  const reason = asError(thrown);
  if (SENTENCES.has(reason.name)) return reason.message;
  const given: unknown = Reflect.get(reason, 'port');
  const port = typeof given === 'number' ? given : undefined;
  switch (port === undefined ? undefined : systemCode(reason)) {
    case 'EADDRINUSE':
      return `port ${port} is taken: choose another with ${portVariable}`;
    case 'EACCES':
      return `this user may not use port ${port}: choose another with ${portVariable}`;
    default:
      return told(reason);
  }
}

function told(reason: Error): string {
  return reason.stack ?? reason.message;
}
