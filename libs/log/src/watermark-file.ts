import { type Disk, type Offset, offset } from '@trunkline/kernel';
import { checkpointNumber, formatCheckpoint, parseCheckpoint, readWhole, replaceFile } from './checkpoint-file.js';
import type { LogIdentity } from './log-options.js';

/** As Kafka's replication-offset-checkpoint, but by topic id: a topic of the same name is another one. */
const WATERMARK_FILE = 'watermark-checkpoint';

/** How far a partition with several replicas was known to be committed. */
export interface KnownWatermark {
  readonly identity: LogIdentity;
  readonly highWatermark: Offset;
}

/** The watermarks that the last uptime knew; none when it wrote none. Rejects when the file is damaged. */
export async function readWatermarks(disk: Disk, dir: string): Promise<Map<string, Offset>> {
  const watermarks = new Map<string, Offset>();
  if (!(await disk.list(dir)).includes(WATERMARK_FILE)) return watermarks;
  const path = `${dir}/${WATERMARK_FILE}`;
  for (const row of parseCheckpoint(await readWhole(disk, path), path)) {
    const [topicId = '', partition = '', watermark] = row.split(' ');
    watermarks.set(`${topicId} ${partition}`, offset(checkpointNumber(watermark, path)));
  }
  return watermarks;
}

export async function writeWatermarks(disk: Disk, dir: string, known: readonly KnownWatermark[]): Promise<void> {
  const rows = known.map(({ identity, highWatermark }) => `${watermarkKey(identity)} ${highWatermark}`);
  await replaceFile(disk, dir, WATERMARK_FILE, formatCheckpoint(rows));
}

export function watermarkKey({ topicId, partition }: Pick<LogIdentity, 'topicId' | 'partition'>): string {
  return `${topicId} ${partition}`;
}
