/** Requests name a topic once, with its partitions. Keeps the order within a topic. */
export function byTopic<T extends { readonly topic: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.topic);
    if (group === undefined) groups.set(entry.topic, [entry]);
    else group.push(entry);
  }
  return groups;
}
