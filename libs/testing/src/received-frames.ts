import { concatBytes } from '@trunkline/kernel';

/** Frames of the Kafka protocol out of bytes as they come: the body of each, without its size. */
export class ReceivedFrames {
  #received: Uint8Array = new Uint8Array(0);

  /** The frames that are whole with these bytes: views of what came. */
  *take(bytes: Uint8Array): Generator<Uint8Array> {
    this.#received = this.#received.byteLength === 0 ? bytes : concatBytes([this.#received, bytes]);
    for (;;) {
      const { buffer, byteOffset, byteLength } = this.#received;
      if (byteLength < 4) return;
      const end = 4 + new DataView(buffer, byteOffset, byteLength).getInt32(0);
      if (byteLength < end) return;
      const frame = this.#received.subarray(4, end);
      this.#received = this.#received.subarray(end);
      yield frame;
    }
  }
}
