/** Kinds of groups, as brokers write them in ListGroups. */
export type GroupType = 'classic' | 'consumer' | 'share' | 'streams';

const STATES = [
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Assigning',
  'Reconciling',
  'NotReady',
] as const;

/** States of groups of any type, as brokers write them. `Unknown`: one that this client does not know, or that was not told. */
export type GroupState = (typeof STATES)[number] | 'Unknown';

export function groupState(text: string): GroupState {
  return STATES.find((state) => state === text) ?? 'Unknown';
}

const TYPES: readonly GroupType[] = ['classic', 'consumer', 'share', 'streams'];

/** In any case, as brokers differ; undefined: the broker does not tell, or it is none that this client knows. */
export function groupType(text: string): GroupType | undefined {
  return TYPES.find((type) => type === text.toLowerCase());
}
