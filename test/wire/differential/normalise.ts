import { ZERO_UUID } from '@trunkline/kernel';

/**
 * Fields that differ between two brokers by their nature: who and where they are, when something happened, and what they
 * drew by chance. Their presence is still compared: what is empty, zero or null on one must be so on the other.
 */
const BY_NATURE: ReadonlySet<string> = new Set(
  [
    'throttleTimeMs host port clusterId nodeId brokerId controllerId leaderId rack topicId producerId logDir size',
    'totalBytes usableBytes memberId leader logAppendTimeMs lastTimestamp sessionId clientHost message',
    'batchIndexErrorMessage documentation',
  ].flatMap((line) => line.split(' ')),
);

export interface Normalising {
  readonly differs?: readonly string[];
  readonly unordered?: readonly string[];
}

/** The value with everything that may differ replaced by whether it is there. */
export function normalised(value: unknown, { differs = [], unordered = [] }: Normalising): unknown {
  const ignored = new Set(differs);
  const walk = (name: string, at: unknown): unknown => {
    if (ignored.has(name)) return '(not compared)';
    if (BY_NATURE.has(name)) return presence(at);
    if (typeof at === 'bigint') return Number(at);
    if (at instanceof Uint8Array) return Buffer.from(at).toString('hex');
    if (Array.isArray(at)) {
      const items = at.map((item) => walk(name, item));
      return unordered.includes(name) ? items.toSorted(byText) : items;
    }
    if (typeof at === 'object' && at !== null) {
      const failed = 'errorCode' in at && at.errorCode !== 0;
      const walkField = (key: string, field: unknown): unknown =>
        key === 'errorMessage' ? errorMessage(field, failed) : walk(key, field);
      return Object.fromEntries(Object.entries(at).map(([key, field]) => [key, walkField(key, field)]));
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

/** Where something failed, ours says why more often than Kafka does; where nothing failed, null is not the same as "". */
function errorMessage(text: unknown, failed: boolean): unknown {
  return failed ? '(a text or none)' : presence(text);
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left, withoutBigints) < JSON.stringify(right, withoutBigints) ? -1 : 1;
}

function withoutBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
