import { ApiError, type Decision, type NodeId, type ReplicatedState } from '@trunkline/kernel';
import type { MetadataRecord } from './records.js';

/** Producer ids handed out at a time, so that not every producer costs a metadata record. */
export const PRODUCER_ID_BLOCK_SIZE = 1000n;

/** Producer ids from `first` up to, not including, `first + size`. */
export interface ProducerIdBlock {
  readonly first: bigint;
  readonly size: bigint;
}

/** Which producer ids have been handed out. None is handed out twice, whatever crashes. */
export class ProducerIds implements ReplicatedState<MetadataRecord> {
  #next = 0n;

  get next(): bigint {
    return this.#next;
  }

  replay(record: MetadataRecord): void {
    if (record.kind === 'producer-ids') this.#next = record.nextProducerId;
  }

  /** Gives a broker a block. A block that is lost with its broker is never used: int64 has enough of them. */
  allocate(brokerId: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, ProducerIdBlock> {
    const nextProducerId = this.#next + PRODUCER_ID_BLOCK_SIZE;
    if (nextProducerId >= 1n << 63n) throw new ApiError('UNKNOWN_SERVER_ERROR', 'No producer id is left');
    return {
      records: [{ kind: 'producer-ids', brokerId, brokerEpoch, nextProducerId }],
      response: { first: this.#next, size: PRODUCER_ID_BLOCK_SIZE },
    };
  }
}
