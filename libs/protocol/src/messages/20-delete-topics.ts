import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  nullable,
  nullableSince,
  since,
  string,
  struct,
  until,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * DeleteTopics (20): deletes topics.
 *
 * v4 is flexible.
 * v5 a text beside the code.
 * v6 by name or by id.
 */

const request = struct({
  topics: since(
    6,
    array(
      struct({
        name: withDefault(nullable(string), null),
        topicId: uuid,
      }),
    ),
  ),
  topicNames: ignorable(until(5, array(string))),
  timeoutMs: int32,
});

const response = struct({
  throttleTimeMs: int32,
  responses: array(
    struct({
      name: nullableSince(6, string),
      topicId: ignorable(since(6, uuid)),
      errorCode: int16,
      errorMessage: ignorable(since(5, nullable(string), null)),
    }),
  ),
});

/** DeleteTopics (20): deletes topics. */
export const DeleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request,
  response,
});
export type DeleteTopicsRequest = RequestOf<typeof DeleteTopics>;
export type DeleteTopicsResponse = ResponseOf<typeof DeleteTopics>;
