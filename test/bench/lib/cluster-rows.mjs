// Rows of figures that have a limit of their own, and beside them the peer's of the same run.
export const PEER = 'Apache Kafka';

/** `kafka` undefined: the peer is not installed. `limit`: the goal; `ofKafka`: a goal against the peer, too. */
export function addLimited(report, { limit, kafka, ofKafka, ...row }) {
  if (limit !== undefined) report.add({ ...row, yardstickName: 'limit', yardstick: limit, goal: { atMost: 1 } });
  report.add({ ...row, yardstickName: PEER, yardstick: kafka, goal: ofKafka });
}
