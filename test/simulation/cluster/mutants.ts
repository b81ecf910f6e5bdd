import type { Broker } from '@trunkline/broker';
import type { Disk } from '@trunkline/kernel';
import { MUTANTS } from '../mutants.js';

/** A cluster that is broken on purpose: by its settings, its disks, or by what is done to a broker that runs. */
export interface ClusterMutant {
  readonly disk?: (inner: Disk) => Disk;
  readonly broker?: (broker: Broker) => void;
  /** Over all other settings. */
  readonly config?: Readonly<Record<string, string>>;
  /** Configs of the topics that are made. */
  readonly topic?: Readonly<Record<string, string>>;
  readonly acks?: 1;
}

/** By name: the simulation must find each. */
export const CLUSTER_MUTANTS: Readonly<Record<string, ClusterMutant>> = {
  'producers wait for the leader alone': { acks: 1 },
  'whoever is there may lead': { topic: { 'unclean.leader.election.enable': 'true', 'min.insync.replicas': '1' } },
  'one replica in sync is enough': { topic: { 'min.insync.replicas': '1' } },
  'a group’s offsets are on one node': { config: { 'offsets.topic.replication.factor': '1' } },
  'the metadata are acknowledged before fdatasync': { disk: MUTANTS['metadata-before-fsync']!.disk! },
  'recovery drops a valid tail': { disk: MUTANTS['recovery-drops-tail']!.disk! },
};
