// What the sticky assignors of Kafka's clients put into a subscription's user data, without any version in front.
import { message } from '../api.js';
import { type Decoded, array, int32, since, string, struct } from '../schema.js';

/** Of the eager sticky assignor: what the member had, and from version 1 on in which generation. */
export const StickyUserData = message({
  name: 'StickyUserData',
  versions: [0, 1],
  flexibleFrom: Infinity,
  type: struct({
    previousAssignment: array(struct({ topic: string, partitions: array(int32) })),
    generation: since(1, int32, -1),
  }),
});
export type StickyUserData = Decoded<typeof StickyUserData>;

/** Of the cooperative sticky assignor: the generation; what the member has stands in its owned partitions. */
export const CooperativeStickyUserData = message({
  name: 'CooperativeStickyUserData',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({ generation: int32 }),
});
export type CooperativeStickyUserData = Decoded<typeof CooperativeStickyUserData>;
