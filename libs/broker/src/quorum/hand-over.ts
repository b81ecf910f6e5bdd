import type { Clock } from '@trunkline/kernel';
import type { MetadataManager, QuorumMetadataLog } from '@trunkline/metadata';

export interface HandOverOptions {
  readonly quorum: QuorumMetadataLog;
  readonly metadata: MetadataManager;
  readonly clock: Clock;
  /** Nobody may be there to take over. */
  readonly limitMs: number;
}

/**
 * Gives up the lead of the metadata, if this node has it, and resolves when another node has taken over, or the time is
 * up: a planned stop leaves no cluster without an active controller for as long as an election takes. Never rejects.
 */
export async function handOver({ quorum, metadata, clock, limitMs }: HandOverOptions): Promise<void> {
  const { role, voters, self } = quorum.status;
  if (role !== 'leader' || voters.length < 2) return;
  await new Promise<void>((resolve) => {
    const late = clock.after(limitMs, resolve);
    metadata.watchRole(({ leaderId }) => {
      if (leaderId === -1 || leaderId === self.id) return;
      late.cancel();
      resolve();
    });
    quorum.resign();
  });
}
