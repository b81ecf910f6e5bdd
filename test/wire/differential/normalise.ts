import { ZERO_UUID } from '@trunkline/kernel';

/**
 * Fields that differ between two brokers by their nature: who and where they are, when something happened, and what they
 * drew by chance. Their presence is still compared: what is empty, zero or null on one must be so on the other.
 */
const BY_NATURE: ReadonlySet<string> = new Set(
  [
    'throttleTimeMs host port clusterId nodeId brokerId controllerId leaderId rack topicId producerId logDir size',
    'totalBytes usableBytes errorMessage memberId leader logAppendTimeMs lastTimestamp sessionId clientHost message',
    'batchIndexErrorMessage documentation',
  ].flatMap((line) => line.split(' ')),
);

/** The value with everything that may differ replaced by whether it is there. */
export function normalised(value: unknown, differs: readonly string[]): unknown {
  const ignored = new Set(differs);
  const walk = (name: string, at: unknown): unknown => {
    if (ignored.has(name)) return '(not compared)';
    if (BY_NATURE.has(name)) return presence(at);
    if (typeof at === 'bigint') return Number(at);
    if (at instanceof Uint8Array) return Buffer.from(at).toString('hex');
    if (Array.isArray(at)) return at.map((item) => walk(name, item));
    if (typeof at === 'object' && at !== null) {
      return Object.fromEntries(Object.entries(at).map(([key, field]) => [key, walk(key, field)]));
    }
    return at;
  };
  return walk('', value);
}

function presence(value: unknown): unknown {
  if (value === null || value === '' || value === -1 || value === -1n || value === ZERO_UUID) return value;
  if (Array.isArray(value)) return value.map(presence);
  return '(some)';
}
