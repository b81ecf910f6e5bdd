// What control batches hold: keys, and values of transaction markers and of the quorum’s own records.
import { message } from '../api.js';
import { type Decoded, array, int16, int32, int64, since, string, struct, uint16, uuid } from '../schema.js';

/** The second half of a control record’s key, behind an int16 version: 0 abort, 1 commit, 2 and up the quorum’s own. */
export const ControlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    type: int16,
  }),
});
export type ControlRecordTypeSchema = Decoded<typeof ControlRecordTypeSchema>;

/** The value of a commit or abort marker. */
export const EndTxnMarker = message({
  name: 'EndTxnMarker',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    coordinatorEpoch: int32,
  }),
});
export type EndTxnMarker = Decoded<typeof EndTxnMarker>;

const voter = struct({
  voterId: int32,
  voterDirectoryId: since(1, uuid),
});

/** The value of the record with which a quorum leader begins its reign. */
export const LeaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  versions: [0, 1],
  flexibleFrom: 0,
  type: struct({
    version: int16,
    leaderId: int32,
    voters: array(voter),
    grantingVoters: array(voter),
  }),
});
export type LeaderChangeMessage = Decoded<typeof LeaderChangeMessage>;

/** The first record of a snapshot of the metadata log. */
export const SnapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    version: int16,
    lastContainedLogTimestamp: int64,
  }),
});
export type SnapshotHeaderRecord = Decoded<typeof SnapshotHeaderRecord>;

/** The last record of a snapshot of the metadata log. */
export const SnapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    version: int16,
  }),
});
export type SnapshotFooterRecord = Decoded<typeof SnapshotFooterRecord>;

/** The version of the quorum’s own protocol. */
export const KRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    version: int16,
    kRaftVersion: int16,
  }),
});
export type KRaftVersionRecord = Decoded<typeof KRaftVersionRecord>;

/** The voters of the metadata quorum (KIP-853). */
export const VotersRecord = message({
  name: 'VotersRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    version: int16,
    voters: array(
      struct({
        voterId: int32,
        voterDirectoryId: uuid,
        endpoints: array(
          struct({
            name: string,
            host: string,
            port: uint16,
          }),
        ),
        kRaftVersionFeature: struct({
          minSupportedVersion: int16,
          maxSupportedVersion: int16,
        }),
      }),
    ),
  }),
});
export type VotersRecord = Decoded<typeof VotersRecord>;
