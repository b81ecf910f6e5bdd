import type { TestBroker } from '@trunkline/testing';

/** An answer that takes longer is a hang: nothing here waits for anything but the disk, ms. */
const ANSWER_MS_MAX = 8_000;

/** The answer, or an error that says that there was none. */
export async function answerWithin<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms: it hangs`)), ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The port of a broker over sockets. */
export function portOf({ broker }: TestBroker): number {
  const address = broker.addresses[0]?.address;
  if (address === undefined || !('port' in address)) throw new Error('the broker does not listen on a port');
  return address.port;
}
