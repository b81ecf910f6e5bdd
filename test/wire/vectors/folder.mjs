// Goes through a folder shaped like ../shared/kafka-messages/vectors and holds every line against our libs.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  ENUMS_CHECKED,
  apis,
  crc32cLines,
  enums,
  groupPartitions,
  murmur2Lines,
  primitives,
  scram,
} from './fact-checks.mjs';
import { parseLine } from './json-form.mjs';
import {
  frames,
  groupBlobs,
  headers,
  logRecords,
  malformed,
  messageFile,
  namedMessages,
  unknownTags,
} from './message-checks.mjs';
import { isOldMessageSet, isRounded, recordLines } from './record-checks.mjs';

const MESSAGE_FOLDERS = ['messages', 'metadata-records', 'coordinator-records'];

/** The check of each file beside the folders of messages. */
function checks({ protocol, kernel, records, platform }) {
  return {
    'apis.jsonl': () => apis(protocol),
    'crc32c.jsonl': () => crc32cLines(platform),
    'frames.jsonl': () => frames(protocol),
    'group-blobs.jsonl': () => groupBlobs(protocol),
    'group-partition.jsonl': () => groupPartitions(protocol),
    'headers.jsonl': () => headers(protocol),
    'log-records.jsonl': () => logRecords(protocol),
    'malformed.jsonl': () => malformed(protocol),
    'messages.jsonl': () => namedMessages(protocol),
    'murmur2.jsonl': () => murmur2Lines(protocol),
    'primitives.jsonl': () => primitives(protocol),
    'records.jsonl': () => recordLines({ records, platform }),
    'scram.jsonl': () => scram(),
    'unknown-tags.jsonl': () => unknownTags(protocol),
    'enums.json': () => enums({ protocol, kernel, records }),
  };
}

/**
 * Checks every vector of `folder` and gives how many there are, which differ (file, line, why), and what a reader of the
 * result must know.
 */
export function checkFolder(folder, libs) {
  const result = { count: 0, differing: [], notes: [] };
  for (const name of MESSAGE_FOLDERS) {
    if (!existsSync(join(folder, name))) continue;
    for (const file of readdirSync(join(folder, name)).sort()) {
      checkLines(
        result,
        join(name, file),
        join(folder, name, file),
        messageFile(libs.protocol, basename(file, '.jsonl')),
      );
    }
  }
  const known = checks(libs);
  for (const file of readdirSync(folder).sort()) {
    if (!/\.jsonl?$/.test(file)) continue;
    const path = join(folder, file);
    if (!(file in known)) fail(result, file, 0, 'no check for this file');
    else if (file === 'enums.json') checkEnums(result, path, known[file]());
    else checkLines(result, file, path, known[file]());
  }
  return result;
}

function fail(result, file, line, why) {
  result.count += line === 0 ? 1 : 0;
  result.differing.push({ file, line, why });
}

function checkLines(result, file, path, check) {
  let oldSets = 0;
  let roundedSets = 0;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    result.count += 1;
    try {
      const vector = parseLine(line);
      const why = check(vector);
      if (why !== undefined) fail(result, file, index + 1, `${nameOf(vector)}${why}`);
      if (file === 'records.jsonl' && isOldMessageSet(vector)) oldSets += 1;
      if (file === 'records.jsonl' && isRounded(vector)) roundedSets += 1;
    } catch (error) {
      fail(result, file, index + 1, error instanceof Error ? error.message : String(error));
    }
  }
  if (oldSets > 0)
    result.notes.push(
      `records.jsonl: ${oldSets} old message sets (magic 0, 1) must be refused, and count as equal when they are`,
    );
  if (roundedSets > 0)
    result.notes.push(
      `records.jsonl: ${roundedSets} sets hold offsets or timestamps beyond 2^53: compared rounded, as they are held`,
    );
  if (file === 'scram.jsonl')
    result.notes.push('scram.jsonl: held against node:crypto; no lib of ours speaks SCRAM yet');
}

function nameOf({ name, kind, version, variant }) {
  const parts = [
    name ?? kind,
    version === undefined ? undefined : `v${version}`,
    variant === undefined ? undefined : `variant ${variant}`,
  ];
  const text = parts.filter((part) => part !== undefined).join(' ');
  return text === '' ? '' : `${text}: `;
}

function checkEnums(result, path, check) {
  const lists = JSON.parse(readFileSync(path, 'utf8'));
  for (const [name, rows] of Object.entries(lists)) {
    if (!ENUMS_CHECKED.includes(name)) continue;
    result.count += 1;
    const why = check(name, rows);
    if (why !== undefined) fail(result, `enums.json ${name}`, 1, why);
  }
  const others = Object.keys(lists).filter((name) => !ENUMS_CHECKED.includes(name));
  if (others.length > 0)
    result.notes.push(`enums.json: ${ENUMS_CHECKED.join(', ')}; not held in code yet: ${others.join(', ')}`);
}
