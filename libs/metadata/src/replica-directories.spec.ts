import { describe, expect, it } from '@jest/globals';
import { playCluster } from '../test/play-cluster.js';

describe('a controller that hears of directories', () => {
  it('moves leaders away from a directory that failed, and fences a broker that has none left', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        beat 1 failed
        beat 1 failed
        beat 1
        isr orders-0 2,1`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > beat 1 failed
       partition-change orders-0 isr 2 leader 2
       broker-registration-change 1 fenced
       answer isCaughtUp isFenced
     > beat 1 failed
       answer isCaughtUp isFenced
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > isr orders-0 2,1
       partition-change orders-0 isr 2,1
       answer leader 2 e1.2 replicas 1,2 isr 2,1"
    `);
  });

  it('moves only what was in the directory that failed, once the broker has told what is where', () => {
    expect(
      playCluster(`
        register 1 two-disks
        beat 1
        register 2
        beat 2
        create orders 1,2 1,2
        assign 1 first orders-0
        assign 1 second orders-1
        assign 2 first orders-7 lines-0
        beat 1 failed
        show orders-0
        show orders-1
        assign 1 failed orders-1
        show orders-1
        beat 1 stop`),
    ).toMatchInlineSnapshot(`
     "> register 1 two-disks
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       config 4/ min.insync.replicas=1
       register-broker 1 epoch 3 rack null fenced
       answer brokerEpoch 3
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > register 2
       register-broker 2 epoch 5 rack null fenced
       answer brokerEpoch 5
     > beat 2
       broker-registration-change 2 unfenced
       answer isCaughtUp
     > create orders 1,2 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
       partition orders-1 replicas 1,2 isr 1,2 leader 1 e0
     > assign 1 first orders-0
       partition-change orders-0 directories
     > assign 1 second orders-1
       partition-change orders-1 directories
     > assign 2 first orders-7 lines-0
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no partition orders-7
       answer UNKNOWN_TOPIC_ID: There is no topic with that id
     > beat 1 failed
       partition-change orders-0 isr 2 leader 2
       broker-registration-change 1 has 1 directories
       answer isCaughtUp
     > show orders-0
       orders-0 leader 2 e1.2 replicas 1,2 isr 2
     > show orders-1
       orders-1 leader 1 e0.1 replicas 1,2 isr 1,2
     > assign 1 failed orders-1
       partition-change orders-1 isr 2 leader 2 directories
     > show orders-1
       orders-1 leader 2 e1.2 replicas 1,2 isr 2
     > beat 1 stop
       broker-registration-change 1 fenced
       answer isCaughtUp isFenced shouldShutDown"
    `);
  });
});
