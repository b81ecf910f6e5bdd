import type { Disk } from '@trunkline/kernel';
import { metadataDirOf } from '../node/metadata-log-of.js';
import type { Opened } from '../opened.js';
import type { Parts } from '../parts.js';
import { StartFault } from '../start-fault.js';
import { handOver } from './hand-over.js';
import { VoterPlace } from './voter-place.js';

export interface QuorumLifeOptions {
  readonly parts: Parts;
  readonly disk: Disk;
  readonly opened: Opened;
  /** The replica of the metadata can go on no more. */
  readonly onEnded: ((reason: StartFault) => void) | undefined;
}

/** A successor stands at once, so it takes no longer when there is one. */
const HAND_OVER_ELECTIONS = 2;
/** Fetch timeouts after which a voter that was not heard of counts as gone. */
const QUIET_FETCHES = 2;

/** What this node does for the quorum while it runs, and when it ends. */
export function takePart({ parts, opened, onEnded }: QuorumLifeOptions): void {
  const { quorum, metadata, clock, config, logger } = parts;
  if (quorum === undefined) return;
  const limitMs = HAND_OVER_ELECTIONS * config.integer('controller.quorum.election.timeout.ms');
  opened.add(() => handOver({ quorum, metadata, clock, limitMs }));
  quorum.onFailed = ({ message }) => {
    onEnded?.(new StartFault(message));
    opened.close().catch((error: unknown) => logger.error(`closing failed: ${String(error)}`));
  };
}

/** A voter with a blank disk takes its place again, as long as nobody forbids it. */
export async function takePlace({ parts, disk, opened }: QuorumLifeOptions): Promise<void> {
  const { quorum, config, metadata, controllerChannel: channel, clock, logger } = parts;
  const { isController, voters, controllerListener: name } = config.cluster;
  if (quorum === undefined || !isController || !config.flag('controller.quorum.auto.join.enable')) return;
  const { self } = quorum.status;
  const place = new VoterPlace({
    clusterId: metadata.image.clusterId,
    self,
    listeners: voters.flatMap(({ nodeId, host, port }) => (nodeId === self.id ? [{ name, host, port }] : [])),
    status: () => quorum.status,
    channel,
    disk,
    dir: metadataDirOf(config),
    clock,
    logger,
    quietMs: QUIET_FETCHES * config.integer('controller.quorum.fetch.timeout.ms'),
  });
  opened.add(async () => place.close());
  await place.start();
}
