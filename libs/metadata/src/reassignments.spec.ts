import { describe, expect, it } from '@jest/globals';
import { playCluster } from '../test/play-cluster.js';

describe('a controller that moves partitions', () => {
  it('moves a partition: it grows, catches up, shrinks', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3 4 5 6
        create orders 1,2,3
        reassign orders-0 4,5,6
        reassigning
        isr orders-0 1,2,3,4,5
        isr orders-0 1,2,3,4,5,6
        show orders-0
        reassigning
        reassign orders-0 back`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3 4 5 6
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > reassign orders-0 4,5,6
       partition-change orders-0 replicas 4,5,6,1,2,3 adding 4,5,6 removing 1,2,3 directories
     > reassigning
       orders-0 leader 1 e0.1 replicas 4,5,6,1,2,3 isr 1,2,3 adding 4,5,6 removing 1,2,3
     > isr orders-0 1,2,3,4,5
       partition-change orders-0 isr 1,2,3,4,5
       answer leader 1 e0.2 replicas 4,5,6,1,2,3 isr 1,2,3,4,5 adding 4,5,6 removing 1,2,3
     > isr orders-0 1,2,3,4,5,6
       partition-change orders-0 replicas 4,5,6 adding none removing none isr 4,5,6 leader 4 directories
       answer NEW_LEADER_ELECTED: broker 4 leads from now on
     > show orders-0
       orders-0 leader 4 e1.3 replicas 4,5,6 isr 4,5,6
     > reassigning
     > reassign orders-0 back
       answer NO_REASSIGNMENT_IN_PROGRESS: orders-0 is not reassigned"
    `);
  });

  it('takes a move back, and replaces one by another', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3 4 5
        create orders 1,2,3
        reassign orders-0 1,2,4
        reassign orders-0 back
        show orders-0
        reassign orders-0 1,2,4
        isr orders-0 1,2
        reassign orders-0 1,2,5
        isr orders-0 1,2,5
        show orders-0
        reassign orders-0 5,1,2
        balance
        show orders-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3 4 5
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > reassign orders-0 1,2,4
       partition-change orders-0 replicas 1,2,4,3 adding 4 removing 3 directories
     > reassign orders-0 back
       partition-change orders-0 replicas 1,2,3 adding none removing none leader 1 directories
     > show orders-0
       orders-0 leader 1 e1.2 replicas 1,2,3 isr 1,2,3
     > reassign orders-0 1,2,4
       partition-change orders-0 replicas 1,2,4,3 adding 4 removing 3 directories
     > isr orders-0 1,2
       partition-change orders-0 isr 1,2
       answer leader 1 e1.4 replicas 1,2,4,3 isr 1,2 adding 4 removing 3
     > reassign orders-0 1,2,5
       partition-change orders-0 replicas 1,2,5,3 adding 5 leader 1 directories
     > isr orders-0 1,2,5
       partition-change orders-0 replicas 1,2,5 adding none removing none isr 1,2,5 leader 1 directories
       answer leader 1 e3.6 replicas 1,2,5 isr 1,2,5
     > show orders-0
       orders-0 leader 1 e3.6 replicas 1,2,5 isr 1,2,5
     > reassign orders-0 5,1,2
       partition-change orders-0 replicas 5,1,2 directories
     > balance
       partition-change orders-0 leader 5
     > show orders-0
       orders-0 leader 5 e4.8 replicas 5,1,2 isr 1,2,5"
    `);
  });

  it('refuses what cannot be, and asks before the number of replicas changes', () => {
    expect(
      playCluster(`
        cluster 1 2 3
        create orders 1,2
        reassign orders-1 1,2
        reassign lines-0 1,2
        reassign orders-0 1,2,3
        reassign orders-0 1,9
        reassign orders-0 1,1
        reassign orders-0 2,1
        reassign orders-0 1,2,3 any-factor
        isr orders-0 1,2,3
        reassign orders-0 2 any-factor
        show orders-0`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > reassign orders-1 1,2
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no partition orders-1
     > reassign lines-0 1,2
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no partition lines-0
     > reassign orders-0 1,2,3
       answer INVALID_REPLICATION_FACTOR: The replication factor would change from 2 to 3, which was not allowed
     > reassign orders-0 1,9
       answer INVALID_REPLICA_ASSIGNMENT: Partition 0: there is no broker 9
     > reassign orders-0 1,1
       answer INVALID_REPLICA_ASSIGNMENT: Partition 0: a broker is named twice
     > reassign orders-0 2,1
       partition-change orders-0 replicas 2,1 directories
     > reassign orders-0 1,2,3 any-factor
       partition-change orders-0 replicas 1,2,3 adding 3 directories
     > isr orders-0 1,2,3
       partition-change orders-0 adding none isr 1,2,3
       answer leader 1 e0.3 replicas 1,2,3 isr 1,2,3
     > reassign orders-0 2 any-factor
       partition-change orders-0 replicas 2 isr 2 leader 2 directories
     > show orders-0
       orders-0 leader 2 e1.4 replicas 2 isr 2"
    `);
  });

  it('does not end a move that would leave too few in sync', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3 4
        create orders 1,2,3
        dies 1
        dies 2
        reassign orders-0 1,2,4
        isr orders-0 3,4
        show orders-0
        register 1
        beat 1
        isr orders-0 3,4,1
        show orders-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3 4
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > dies 1
       partition-change orders-0 isr 2,3 leader 2
       broker-registration-change 1 fenced
     > dies 2
       partition-change orders-0 isr 3 elr 2 leader 3
       broker-registration-change 2 fenced
     > reassign orders-0 1,2,4
       partition-change orders-0 replicas 1,2,4,3 adding 4 removing 3 directories
     > isr orders-0 3,4
       partition-change orders-0 isr 3,4 elr none
       answer leader 3 e2.4 replicas 1,2,4,3 isr 3,4 adding 4 removing 3
     > show orders-0
       orders-0 leader 3 e2.4 replicas 1,2,4,3 isr 3,4 adding 4 removing 3
     > register 1
       register-broker 1 epoch 19 rack null fenced
       answer brokerEpoch 19
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > isr orders-0 3,4,1
       partition-change orders-0 replicas 1,2,4 adding none removing none isr 4,1 leader 1 directories
       answer NEW_LEADER_ELECTED: broker 1 leads from now on
     > show orders-0
       orders-0 leader 1 e3.5 replicas 1,2,4 isr 4,1"
    `);
  });

  it('takes no move back to replicas that lack records', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1
        reassign orders-0 1,2 any-factor
        dies 1
        show orders-0
        reassign orders-0 back
        show orders-0
        create lines 2
        register 1
        beat 1
        reassign lines-0 2,1 any-factor
        isr lines-0 2,1`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1
       topic orders orders
       partition orders-0 replicas 1 isr 1 leader 1 e0
     > reassign orders-0 1,2 any-factor
       partition-change orders-0 replicas 1,2 adding 2 directories
     > dies 1
       partition-change orders-0 isr none elr 1 last leader 1 leader none
       broker-registration-change 1 fenced
     > show orders-0
       orders-0 leader none e1.2 replicas 1,2 isr none elr 1 last leader 1 adding 2
     > reassign orders-0 back
       partition-change orders-0 replicas 1 adding none leader none directories
     > show orders-0
       orders-0 leader none e2.3 replicas 1 isr none elr 1 last leader 1
     > create lines 2
       topic lines lines
       partition lines-0 replicas 2 isr 2 leader 2 e0
     > register 1
       partition-change orders-0 elr none
       register-broker 1 epoch 16 rack null fenced
       answer brokerEpoch 16
     > beat 1
       broker-registration-change 1 unfenced
       partition-change orders-0 isr 1 last leader none leader 1 recovering
       answer isCaughtUp
     > reassign lines-0 2,1 any-factor
       partition-change lines-0 replicas 2,1 adding 1 directories
     > isr lines-0 2,1
       partition-change lines-0 adding none isr 2,1
       answer leader 2 e0.2 replicas 2,1 isr 2,1"
    `);
  });
});
