// A bare Kafka connection for measurements: frames made once and sent again with another correlation id, answers cut
// but not decoded unless somebody asks. So the figures are the broker's, not a client's.
import net from 'node:net';
import { concatBytes } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { CreateTopics, Fetch, Produce, decodeResponse, encodeRequest } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';

const CORRELATION_AT = 8;

/** A request as one frame that may be sent many times. */
export function frameOf(api, version, body) {
  const chunks = encodeRequest(api, version, { correlationId: 0, clientId: 'bench' }, body);
  return Buffer.from(concatBytes(chunks));
}

/** A batch of `count` records of `size` bytes. */
export function batchOf(count, size) {
  const value = new Uint8Array(size).fill(65);
  return buildBatch(
    Array.from({ length: count }, () => ({ value, timestampMs: Date.now() })),
    { crc32c },
  );
}

export function produceFrame(topic, partition, records) {
  const partitionData = [{ index: partition, records }];
  return frameOf(Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData }],
  });
}

export function fetchFrame(topic, partition, offset, maxWaitMs, partitionMaxBytes = 1 << 20) {
  const partitions = [{ partition, fetchOffset: BigInt(offset), partitionMaxBytes }];
  return frameOf(Fetch, 12, { maxWaitMs, minBytes: 1, maxBytes: 50 << 20, topics: [{ topic, partitions }] });
}

/** One connection; `onAnswer(frame)` gets each answer without its size. Writes of one turn leave together. */
export class Wire {
  /** What came of a frame that is not whole, and how many bytes of it are there. Joined once, when it is. */
  #parts = [];
  #bytes = 0;
  #corked = false;

  static connect(port, onAnswer) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new Wire(socket, onAnswer)));
      socket.once('error', reject);
    });
  }

  constructor(socket, onAnswer) {
    this.socket = socket;
    this.onAnswer = onAnswer;
    this.correlation = 0;
    socket.on('data', (bytes) => this.#cut(bytes));
    socket.on('error', () => {});
  }

  /** Sends a frame that nobody changes any more. */
  send(frame) {
    if (!this.#corked) {
      this.#corked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.socket.uncork();
      });
    }
    frame.writeInt32BE(this.correlation++ & 0x7fffffff, CORRELATION_AT);
    this.socket.write(frame);
  }

  #cut(bytes) {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    if (this.#parts.length > 1 && this.#parts[0].length >= 4 && this.#bytes < 4 + this.#parts[0].readInt32BE(0)) return;
    let all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts, this.#bytes);
    while (all.length >= 4) {
      const end = 4 + all.readInt32BE(0);
      if (all.length < end) break;
      this.onAnswer(all.subarray(4, end));
      all = all.subarray(end);
    }
    this.#parts = all.length > 0 ? [all] : [];
    this.#bytes = all.length;
  }

  close() {
    this.socket.destroy();
  }
}

/** Sends one request and resolves with its decoded answer. */
export async function ask(port, api, version, body) {
  let answered;
  const answer = new Promise((resolve) => (answered = resolve));
  const wire = await Wire.connect(port, (frame) => answered(decodeResponse(api, version, frame).body));
  wire.send(frameOf(api, version, body));
  const decoded = await answer;
  wire.close();
  return decoded;
}

/** Makes a topic; throws when the broker refuses. */
export async function makeTopic(port, name, { partitions = 1, configs = {} } = {}) {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: entries }];
  const { topics: made } = await ask(port, CreateTopics, 5, { topics, timeoutMs: 30_000 });
  if (made[0].errorCode !== 0)
    throw new Error(`CreateTopics ${name}: error ${made[0].errorCode} ${made[0].errorMessage}`);
}

/** The records of a Fetch answer for one partition, and where to fetch next. */
export function fetched(frame) {
  const { responses } = decodeResponse(Fetch, 12, frame).body;
  const { records, errorCode } = responses[0]?.partitions[0] ?? { records: null, errorCode: 0 };
  if (errorCode !== 0) throw new Error(`Fetch: error ${errorCode}`);
  return records;
}
