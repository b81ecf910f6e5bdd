// kafkajs as it comes, without its warnings.
import kafkajs from 'kafkajs';

const { Kafka, Partitioners, logLevel } = kafkajs;

export async function open({ port, group }) {
  const kafka = new Kafka({ clientId: 'bench', brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const consumers = [];
  return {
    send: (topic, value) => producer.send({ topic, messages: [{ value, partition: 0 }], acks: -1 }),
    sendAll: (topic, values) =>
      producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })), acks: -1 }),
    async consume(topic, { from }, onRecord) {
      const consumer = kafka.consumer({ groupId: group, maxBytes: 50 << 20, maxWaitTimeInMs: 500 });
      consumers.push(consumer);
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: from === 'earliest' });
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
      await consumer.run({ autoCommit: false, eachMessage: async ({ message: { value } }) => onRecord(value) });
      await joined;
    },
    close: () => Promise.all([producer.disconnect(), ...consumers.map((consumer) => consumer.disconnect())]),
  };
}
