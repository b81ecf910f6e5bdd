import type { Codec } from '@trunkline/bus';
import { type DescMessage, type MessageShape, fromBinary, toBinary } from '@bufbuild/protobuf';

/** A protobuf message, by the schema that protoc-gen-es made of it. Binary on the wire. */
export function proto<Schema extends DescMessage>(schema: Schema): Codec<MessageShape<Schema>> {
  return {
    contentType: `application/protobuf; messageType=${schema.typeName}`,
    encode: (value) => toBinary(schema, value),
    decode: (bytes) => fromBinary(schema, bytes),
    // The parameter names the message: another message of the same media type is not read as this one.
    accepts: (contentType) =>
      contentType === 'application/protobuf' || contentType === `application/protobuf; messageType=${schema.typeName}`,
  };
}
