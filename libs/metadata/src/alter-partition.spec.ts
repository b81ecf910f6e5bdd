import { describe, expect, it } from '@jest/globals';
import { playCluster } from '../test/play-cluster.js';

describe('a controller that is asked for ISRs', () => {
  it('compares what the leader knew before it sets what the leader wants', () => {
    expect(
      playCluster(`
        cluster 1 2 3
        create orders 1,2
        isr orders-0 1,2 ahead
        isr orders-0 1,2 fenced
        isr orders-0 1 as 2
        isr orders-0 1
        isr orders-0 1,2 late
        isr orders-0 2
        isr orders-0 1,3
        isr orders-0 1,1
        isr orders-0 1 recovering
        isr orders-0 1 nonsense
        isr orders-0 1
        isr orders-0 1,2`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > isr orders-0 1,2 ahead
       answer NOT_CONTROLLER: The leader knows newer metadata than this node: another controller decides
     > isr orders-0 1,2 fenced
       answer FENCED_LEADER_EPOCH: the leader epoch is 0, not -1
     > isr orders-0 1 as 2
       answer INVALID_REQUEST: broker 1 leads, not 2
     > isr orders-0 1
       partition-change orders-0 isr 1
       answer leader 1 e0.1 replicas 1,2 isr 1
     > isr orders-0 1,2 late
       answer INVALID_UPDATE_VERSION: the partition epoch is 1, not 0
     > isr orders-0 2
       answer INVALID_REQUEST: The ISR must hold the leader
     > isr orders-0 1,3
       answer INVALID_REQUEST: The ISR must hold replicas of the partition, each once
     > isr orders-0 1,1
       answer INVALID_REQUEST: The ISR must hold replicas of the partition, each once
     > isr orders-0 1 recovering
       answer INVALID_REQUEST: A leader that has recovered cannot begin to recover
     > isr orders-0 1 nonsense
       answer INVALID_REQUEST: 7 is no state of a leader's recovery
     > isr orders-0 1
       answer leader 1 e0.1 replicas 1,2 isr 1
     > isr orders-0 1,2
       partition-change orders-0 isr 1,2
       answer leader 1 e0.2 replicas 1,2 isr 1,2"
    `);
  });

  it('lets nobody in who is fenced, goes down, or began anew since it caught up', () => {
    expect(
      playCluster(`
        cluster 1 2 3
        create orders 1,2,3
        create lines 3,1
        isr orders-0 1
        isr orders-0 1,2 old-uptime
        dies 2
        isr orders-0 1,2
        beat 3 stop
        isr orders-0 1,3
        register 2
        beat 2
        isr orders-0 1,2 unknown-epochs`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > create lines 3,1
       topic lines lines
       partition lines-0 replicas 3,1 isr 3,1 leader 3 e0
     > isr orders-0 1
       partition-change orders-0 isr 1
       answer leader 1 e0.1 replicas 1,2,3 isr 1
     > isr orders-0 1,2 old-uptime
       answer INELIGIBLE_REPLICA: 1 has epoch 3, not 2; 2 has epoch 5, not 4
     > dies 2
       broker-registration-change 2 fenced
     > isr orders-0 1,2
       answer INELIGIBLE_REPLICA: 2 is fenced
     > beat 3 stop
       partition-change lines-0 isr 1 leader 1
       broker-registration-change 3 shuts down
       answer isCaughtUp inControlledShutdown
     > isr orders-0 1,3
       answer INELIGIBLE_REPLICA: 3 shuts down
     > register 2
       register-broker 2 epoch 17 rack null fenced
       answer brokerEpoch 17
     > beat 2
       broker-registration-change 2 unfenced
       answer isCaughtUp
     > isr orders-0 1,2 unknown-epochs
       partition-change orders-0 isr 1,2
       answer leader 1 e0.2 replicas 1,2,3 isr 1,2"
    `);
  });
});
