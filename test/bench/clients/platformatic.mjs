// @platformatic/kafka as it comes, with more requests in flight than its default so that 64 senders do not queue in it.
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, Producer } from '@platformatic/kafka';

export async function open({ port, group }) {
  const bootstrapBrokers = [`127.0.0.1:${port}`];
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers, maxInflights: 128 });
  const consumers = [];
  return {
    send: (topic, value) => producer.send({ messages: [{ topic, value, partition: 0 }], acks: -1 }),
    sendAll: (topic, values) =>
      producer.send({ messages: values.map((value) => ({ topic, value, partition: 0 })), acks: -1 }),
    /** Resolves once it reads; `onRecord(value)` for each record. */
    async consume(topic, { from }, onRecord) {
      const consumer = new Consumer({
        clientId: 'bench',
        groupId: group,
        bootstrapBrokers,
        maxBytes: 50 << 20,
        maxWaitTime: 500,
      });
      consumers.push(consumer);
      const mode = from === 'earliest' ? MessagesStreamModes.EARLIEST : MessagesStreamModes.LATEST;
      const fallbackMode = MessagesStreamFallbackModes.LATEST;
      const stream = await consumer.consume({ topics: [topic], mode, fallbackMode, autocommit: false });
      stream.on('data', ({ value }) => onRecord(value));
      stream.on('error', () => {});
    },
    close: () => Promise.all([producer.close(), ...consumers.map((consumer) => consumer.close(true))]),
  };
}
