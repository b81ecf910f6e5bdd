import { ApiError, type Uuid, ZERO_UUID } from '@trunkline/kernel';
import type { MetadataImage, TopicTarget } from '@trunkline/metadata';
import { DeleteTopics, type DeleteTopicsRequest, type ResponseOf } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

type TopicAnswer = ResponseOf<typeof DeleteTopics>['responses'][number];

const BY_ID_FROM = 6;
const THROTTLED_FROM = 5;
/** Clients before it do not know TOPIC_DELETION_DISABLED. */
const DISABLED_FROM = 3;

/** What a request says of one topic: a name, or an id, or both or neither by mistake. */
interface Named {
  readonly name: string | null;
  readonly topicId: Uuid;
}

/** A topic to be answered for, in the order of the request. */
interface Place extends Named {
  readonly target: TopicTarget | undefined;
  readonly fault: ApiError | undefined;
}

/**
 * DeleteTopics (20), v1 to v6: deletes topics by name or by id, each for itself. Answered when they are gone here: a
 * topic of the same name may be made at once.
 *
 * A topic that stands twice is answered once, with INVALID_REQUEST, and stays. The broker's own topics cannot be
 * deleted: TOPIC_DELETION_DISABLED, where Kafka would lose all groups' offsets.
 */
export const deleteTopics = handler<typeof DeleteTopics>({
  api: DeleteTopics,
  handle: async (request, { metadata, clock }, { apiVersion }) => {
    const named = namedIn(request, apiVersion);
    refuseLarge(named.length, CHANGED_MAX);
    const places = placesOf(named, metadata.image);
    const targets = places.flatMap(({ target }) => target ?? []);
    const work = metadata.submit((controller) => controller.deleteTopics(targets));
    const outcomes = new Map((await inTime(clock, request.timeoutMs, work)).map((one) => [one.target, one]));
    const responses = places.map((place): TopicAnswer => {
      const outcome = place.target && outcomes.get(place.target);
      return {
        name: outcome?.name ?? place.name,
        topicId: outcome?.topicId ?? place.topicId,
        ...told(place.fault ?? outcome?.error, apiVersion),
      };
    });
    return { throttleTimeMs: 0, responses };
  },
  failed: (request, error, { apiVersion }) => ({
    throttleTimeMs: 0,
    responses: namedIn(request, apiVersion).map((named) => ({ ...named, ...told(error, apiVersion) })),
  }),
});

function namedIn({ topics, topicNames }: DeleteTopicsRequest, apiVersion: number): readonly Named[] {
  return apiVersion >= BY_ID_FROM ? topics : topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
}

function placesOf(named: readonly Named[], { topics }: MetadataImage): readonly Place[] {
  const places = new Map<string, Place>();
  const namedIds = new Set<string>();
  for (const { name, topicId } of named) {
    const key = `${name ?? ''}/${topicId}`;
    const isTwin = places.has(key);
    const known = name === null ? undefined : topics.byName(name);
    places.set(key, { name, topicId, ...targetOf(name, topicId, isTwin) });
    if (topicId !== ZERO_UUID) namedIds.add(topicId);
    else if (known !== undefined) namedIds.add(`name of ${known.id}`);
  }
  return [...places.values()].flatMap((place) => {
    const topic = place.name === null ? topics.byId(place.topicId) : topics.byName(place.name);
    const isNamedTwice = topic !== undefined && namedIds.has(topic.id) && namedIds.has(`name of ${topic.id}`);
    if (!isNamedTwice) return [place];
    if (place.name === null) return [];
    const fault = new ApiError('INVALID_REQUEST', `Topic ${topic.name} is told by its name and by its id`);
    return [{ name: topic.name, topicId: topic.id, target: undefined, fault }];
  });
}

function targetOf(name: string | null, topicId: Uuid, isTwin: boolean): Pick<Place, 'target' | 'fault'> {
  const refuse = (why: string): Pick<Place, 'target' | 'fault'> => ({
    target: undefined,
    fault: new ApiError('INVALID_REQUEST', why),
  });
  if (isTwin) return refuse('The topic stands twice in the request');
  if (name !== null) {
    return topicId === ZERO_UUID
      ? { target: { name }, fault: undefined }
      : refuse('A topic is told by name or by id, not by both');
  }
  return topicId === ZERO_UUID ? refuse('A topic is told by name or by id') : { target: { topicId }, fault: undefined };
}

function told(error: ApiError | undefined, apiVersion: number): ReturnType<typeof adminError> {
  if (error?.code === 'TOPIC_DELETION_DISABLED' && apiVersion < DISABLED_FROM) {
    return adminError(new ApiError('INVALID_REQUEST', error.detail));
  }
  return adminError(error, apiVersion, THROTTLED_FROM);
}
