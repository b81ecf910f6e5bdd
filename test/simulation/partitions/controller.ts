import { brokerConfig } from '@trunkline/broker';
import { type ApiError, asError, type Decision, type NodeId, nodeId, offset } from '@trunkline/kernel';
import {
  BrokerLiveness,
  Controller,
  emptyImage,
  type LoadedImage,
  type MetadataRecord,
  stepImage,
} from '@trunkline/metadata';
import {
  AlterPartition,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
  type AnyApi,
  errorCode,
} from '@trunkline/protocol';
import { SimRandom } from '@trunkline/testing';
import { Life, type SimWorld } from '../world.js';
import { CONTROLLER, type Place } from './links.js';

const CHECK_MS = 20;
const LIVENESS = { sessionTimeoutMs: 300, lostGraceMs: 100, takeoverMs: 300 };

/** The product's controller, which never fails: its log is the metadata. What the quorum adds is simulated elsewhere. */
export class SimController implements Place {
  readonly id = CONTROLLER;
  readonly life = new Life();
  readonly records: MetadataRecord[] = [];
  readonly liveness = new BrokerLiveness(LIVENESS);
  readonly state: Controller;
  image: LoadedImage = emptyImage('');

  constructor(private readonly world: SimWorld) {
    const { statics } = brokerConfig([]);
    this.state = new Controller({ random: new SimRandom(world.seed ^ 0x3c6ef372), statics });
    this.#check();
  }

  decide<Response>(decide: (controller: Controller) => Decision<MetadataRecord, Response>): Response {
    const { records, response } = decide(this.state);
    for (const record of records) {
      this.state.replay(record);
      this.records.push(record);
      this.world.note(
        `metadata ${JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
      );
    }
    if (records.length > 0) this.image = stepImage(this.image, records, offset(this.records.length)).image;
    return response;
  }

  readonly answer = (api: AnyApi, _version: number, body: unknown): unknown => {
    if (api === AlterPartition) return this.#alter(body as AlterPartitionRequest);
    throw new Error(`nobody asks the controller for ${api.name}`);
  };

  #alter({ brokerId, brokerEpoch, topics }: AlterPartitionRequest): Partial<AlterPartitionResponse> {
    try {
      const answer = this.decide((controller) =>
        controller.alterPartitions({
          brokerId: nodeId(brokerId),
          brokerEpoch,
          topics: topics.map(({ topicId, partitions }) => ({
            topicId,
            partitions: partitions.map(({ newIsrWithEpochs, leaderRecoveryState, ...rest }) => ({
              ...rest,
              leaderRecoveryState: leaderRecoveryState as 0 | 1,
              newIsr: newIsrWithEpochs.map((member) => ({ ...member, brokerId: nodeId(member.brokerId) })),
            })),
          })),
        }),
      );
      return {
        throttleTimeMs: 0,
        errorCode: 0,
        topics: answer.topics.map(({ topicId, partitions }) => ({
          topicId,
          partitions: partitions.map(({ partitionIndex, partition, error }) => ({
            partitionIndex,
            errorCode: error === undefined ? 0 : errorCode(error.code),
            leaderId: partition?.leader ?? -1,
            leaderEpoch: partition?.leaderEpoch ?? -1,
            isr: [...(partition?.isr ?? [])],
            leaderRecoveryState: 0,
            partitionEpoch: partition?.partitionEpoch ?? -1,
          })),
        })),
      };
    } catch (reason) {
      const { code } = reason as ApiError;
      if (code === undefined) throw asError(reason);
      return { throttleTimeMs: 0, errorCode: errorCode(code), topics: [] };
    }
  }

  #check(): void {
    this.world.schedule(CHECK_MS * 1000, 'controller', this.life, () => {
      this.decide((controller) => controller.fenceExpiredBrokers(this.liveness, this.world.nowMs));
      this.#check();
    });
  }

  heard(id: NodeId, metadataOffset: number): void {
    this.liveness.heard(id, this.world.nowMs, metadataOffset);
  }
}
