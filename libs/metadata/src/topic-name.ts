/** The longest name of a topic, in characters. */
export const TOPIC_NAME_LENGTH_MAX = 249;

/** Topics the broker makes for itself. */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

/** The name under which Kafka shows the metadata log. No topic may take it. */
export const METADATA_TOPIC = '__cluster_metadata';

/** What is wrong with a topic's name, in a sentence; undefined when nothing is. */
export function topicNameFault(name: string): string | undefined {
  if (name === '') return 'The topic name is empty; name it with letters, digits, dots, underscores and hyphens';
  if (name === '.' || name === '..') return `The topic name may not be "${name}"`;
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `The topic name has ${name.length} characters; at most ${TOPIC_NAME_LENGTH_MAX} are allowed`;
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined;
  return 'The topic name may hold only the characters a-z, A-Z, 0-9, dot, underscore and hyphen';
}

/** Names that differ only in `.` and `_` give metrics the same name, so only one of them may exist. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
