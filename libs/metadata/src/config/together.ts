/** Reads a whole-number config that is in force. */
export type ReadWhole = (name: string) => bigint;

/** What is wrong with a topic's configs taken together, in a sentence. */
export function topicFault(read: ReadWhole): string | undefined {
  const [least, most] = [read('min.compaction.lag.ms'), read('max.compaction.lag.ms')];
  if (least <= most) return undefined;
  return `min.compaction.lag.ms (${least}) may not be larger than max.compaction.lag.ms (${most})`;
}

/** What is wrong with a group's configs, measured by the limits that the broker sets. */
export function groupFault(read: ReadWhole, broker: ReadWhole): string | undefined {
  for (const kind of ['consumer', 'share', 'streams']) {
    for (const timing of ['session.timeout.ms', 'heartbeat.interval.ms']) {
      const value = read(`${kind}.${timing}`);
      const [least, most] = [broker(`group.${kind}.min.${timing}`), broker(`group.${kind}.max.${timing}`)];
      if (value < least) return `${kind}.${timing} must be at least group.${kind}.min.${timing} (${least})`;
      if (value > most) return `${kind}.${timing} must be at most group.${kind}.max.${timing} (${most})`;
    }
    if (read(`${kind}.heartbeat.interval.ms`) >= read(`${kind}.session.timeout.ms`)) {
      return `${kind}.heartbeat.interval.ms must be less than ${kind}.session.timeout.ms`;
    }
  }
  return undefined;
}

/** What is wrong with the settings a broker is started with, taken together, in a sentence. */
export function brokerFault(read: ReadWhole): string | undefined {
  const pairs = [
    ['broker.heartbeat.interval.ms', 'broker.session.timeout.ms', 'a broker would be fenced between two heartbeats'],
    ['replica.fetch.wait.max.ms', 'replica.lag.time.max.ms', 'followers that wait would leave the ISR'],
    ['replica.fetch.wait.max.ms', 'replica.socket.timeout.ms', 'fetches that wait would count as lost'],
  ] as const;
  for (const [smaller, larger, why] of pairs) {
    const [least, most] = [read(smaller), read(larger)];
    if (least >= most) return `${smaller} (${least}) must be less than ${larger} (${most}): ${why}`;
  }
  return undefined;
}
