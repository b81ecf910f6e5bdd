import { type ErrorCode, TrunklineError } from '@trunkline/bus';
import { KafkaError } from '@trunkline/client';
import { asError } from '@trunkline/kernel';

const CODES: Readonly<Partial<Record<KafkaError['code'], ErrorCode>>> = {
  CLOSED: 'CLOSED',
  OVERLOADED: 'OVERLOADED',
  MISUSE: 'MISUSE',
  MESSAGE_TOO_LARGE: 'MESSAGE_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'MESSAGE_TOO_LARGE',
  // Nobody made the topic: trying again does not make it.
  UNKNOWN_TOPIC_OR_PARTITION: 'ENGINE_REFUSED',
};

/** What the client said, in the bus's words: `ENGINE_UNAVAILABLE` for what may pass, `ENGINE_REFUSED` for what will not. */
export function asTrunklineError(reason: unknown): TrunklineError {
  if (reason instanceof TrunklineError) return reason;
  if (!(reason instanceof KafkaError)) return TrunklineError.from(asError(reason), 'ENGINE_UNAVAILABLE');
  const code = CODES[reason.code] ?? (reason.retriable ? 'ENGINE_UNAVAILABLE' : 'ENGINE_REFUSED');
  const about = reason.about === undefined ? '' : `${reason.about}: `;
  const advice = reason.advice === undefined ? '' : `; ${reason.advice}`;
  return new TrunklineError(code, `${about}${saidBy(reason)}${advice}`, { cause: reason });
}

/** What was said, down to what was said first: a certificate, a password, a port. */
function saidBy(error: KafkaError): string {
  const texts = [error.code in CODES ? error.detail : `${error.code}: ${error.detail}`];
  for (let cause = error.cause; cause !== undefined && cause !== null && texts.length < 5;) {
    const text = cause instanceof KafkaError ? cause.detail : asError(cause).message;
    if (text !== '' && !texts.some((said) => said.includes(text))) texts.push(text);
    cause = Reflect.get(asError(cause), 'cause');
  }
  return texts.join(': ');
}
