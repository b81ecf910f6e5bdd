/** What belongs to each topic, topics in the order in which they first stand. */
export function byTopic<T extends { readonly topic: string }>(all: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const ofTopic = found.get(one.topic);
    if (ofTopic === undefined) found.set(one.topic, [one]);
    else ofTopic.push(one);
  }
  return found;
}
