import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int64, nullable, since, string, struct } from '../schema.js';

/**
 * DescribeLogDirs (35): what a broker’s directories hold, with sizes.
 *
 * v2 is flexible.
 * v3 an error of the whole answer.
 * v4 size and free space of the volume.
 * v5 whether a directory is cordoned.
 */

const request = struct({
  topics: nullable(
    array(
      struct({
        topic: string,
        partitions: array(int32),
      }),
    ),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: ignorable(since(3, int16)),
  results: array(
    struct({
      errorCode: int16,
      logDir: string,
      topics: array(
        struct({
          name: string,
          partitions: array(
            struct({
              partitionIndex: int32,
              partitionSize: int64,
              offsetLag: int64,
              isFutureKey: bool,
            }),
          ),
        }),
      ),
      totalBytes: ignorable(since(4, int64, -1n)),
      usableBytes: ignorable(since(4, int64, -1n)),
      isCordoned: ignorable(since(5, bool, false)),
    }),
  ),
});

/** DescribeLogDirs (35): what a broker’s directories hold, with sizes. */
export const DescribeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexibleFrom: 2,
  request,
  response,
});
export type DescribeLogDirsRequest = RequestOf<typeof DescribeLogDirs>;
export type DescribeLogDirsResponse = ResponseOf<typeof DescribeLogDirs>;
