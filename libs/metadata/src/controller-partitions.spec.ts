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

describe('a controller that moves partitions', () => {
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

describe('a controller that elects', () => {
  it('says of each partition why nothing changed', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2 2,1
        elect preferred orders-0 orders-7 lines-0
        elect unclean orders-0
        dies 1
        elect preferred orders-0
        elect preferred all
        dies 2
        elect unclean orders-0 orders-1
        register 1
        beat 1
        elect unclean orders-0 orders-1
        isr orders-0 1`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2 2,1
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
       partition orders-1 replicas 2,1 isr 2,1 leader 2 e0
     > elect preferred orders-0 orders-7 lines-0
       answer ELECTION_NOT_NEEDED: broker 1 leads already
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no partition orders-7
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no partition lines-0
     > elect unclean orders-0
       answer ELECTION_NOT_NEEDED: broker 1 leads already
     > dies 1
       partition-change orders-0 isr 2 leader 2
       partition-change orders-1 isr 2
       broker-registration-change 1 fenced
     > elect preferred orders-0
       answer PREFERRED_LEADER_NOT_AVAILABLE: broker 1 is not up and in sync
     > elect preferred all
       answer PREFERRED_LEADER_NOT_AVAILABLE: broker 1 is not up and in sync
     > dies 2
       partition-change orders-0 isr none elr 2 last leader 2 leader none
       partition-change orders-1 isr none elr 2 last leader 2 leader none
       broker-registration-change 2 fenced
     > elect unclean orders-0 orders-1
       answer ELIGIBLE_LEADERS_NOT_AVAILABLE: none of its brokers is up: 1,2
       answer ELIGIBLE_LEADERS_NOT_AVAILABLE: none of its brokers is up: 2,1
     > register 1
       register-broker 1 epoch 16 rack null fenced
       answer brokerEpoch 16
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > elect unclean orders-0 orders-1
       partition-change orders-0 isr 1 elr none last leader none leader 1 recovering
       partition-change orders-1 isr 1 elr none last leader none leader 1 recovering
     > isr orders-0 1
       partition-change orders-0 recovered
       answer leader 1 e3.4 replicas 1,2 isr 1"
    `);
  });
});

describe('a controller that hears of directories', () => {
  it('moves leaders away from a directory that failed, and fences a broker that has none left', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        beat 1 failed
        beat 1 failed
        beat 1`),
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
       answer isCaughtUp"
    `);
  });
});

describe('a controller of eligible leader replicas', () => {
  it('forgets who was eligible when min.insync.replicas changes, where somebody may commit without them', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3
        create orders 1,2
        create lines 1,2
        create clicks 3,2
        dies 2
        dies 3
        set lines min.insync.replicas 1
        set brokers min.insync.replicas 1
        set brokers min.insync.replicas 2
        show orders-0
        show clicks-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > create lines 1,2
       topic lines lines
       partition lines-0 replicas 1,2 isr 1,2 leader 1 e0
     > create clicks 3,2
       topic clicks clicks
       partition clicks-0 replicas 3,2 isr 3,2 leader 3 e0
     > dies 2
       partition-change orders-0 isr 1 elr 2
       partition-change lines-0 isr 1 elr 2
       partition-change clicks-0 isr 3 elr 2
       broker-registration-change 2 fenced
     > dies 3
       partition-change clicks-0 isr none elr 2,3 last leader 3 leader none
       broker-registration-change 3 fenced
     > set lines min.insync.replicas 1
       config 2/lines min.insync.replicas=1
       clear-elr lines
     > set brokers min.insync.replicas 1
       config 4/ min.insync.replicas=1
       clear-elr 
     > set brokers min.insync.replicas 2
       config 4/ min.insync.replicas=2
     > show orders-0
       orders-0 leader 1 e0.2 replicas 1,2 isr 1
     > show clicks-0
       clicks-0 leader none e1.2 replicas 3,2 isr none elr 2,3 last leader 3"
    `);
  });

  it('keeps nobody eligible once a leader may commit alone', () => {
    expect(
      playCluster(`
        cluster 1 2 3
        create orders 1,2,3
        dies 1 2 3
        show orders-0
        register 2 clean
        beat 2
        show orders-0
        dies 2
        show orders-0`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > dies 1 2 3
       partition-change orders-0 isr none elr 1,2,3 last leader 1 leader none
       broker-registration-change 1 fenced
       broker-registration-change 2 fenced
       broker-registration-change 3 fenced
     > show orders-0
       orders-0 leader none e1.1 replicas 1,2,3 isr none elr 1,2,3 last leader 1
     > register 2 clean
       register-broker 2 epoch 15 rack null fenced
       answer brokerEpoch 15
     > beat 2
       broker-registration-change 2 unfenced
       partition-change orders-0 isr 2 elr none last leader none leader 2
       answer isCaughtUp
     > show orders-0
       orders-0 leader 2 e2.2 replicas 1,2,3 isr 2
     > dies 2
       partition-change orders-0 isr none elr 2 last leader 2 leader none
       broker-registration-change 2 fenced
     > show orders-0
       orders-0 leader none e3.3 replicas 1,2,3 isr none elr 2 last leader 2"
    `);
  });

  it('forgets a broker that is gone for good', () => {
    expect(
      playCluster(
        `
        cluster 1 2
        create orders 1,2
        dies 2
        unregister 2
        unregister 2
        show orders-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > dies 2
       partition-change orders-0 isr 1 elr 2
       broker-registration-change 2 fenced
     > unregister 2
       partition-change orders-0 elr none
       unregister-broker 2
     > unregister 2
       refused BROKER_ID_NOT_REGISTERED: Broker 2 is not registered
     > show orders-0
       orders-0 leader 1 e0.2 replicas 1,2 isr 1"
    `);
  });
});

describe('a controller that comes to power', () => {
  it('waits for brokers, and lets those begin anew whose directories come again', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        at 1000
        takeover
        register 1 blank
        register 1
        beat 1
        at 2499
        look
        at 2500
        look`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > at 1000
     > takeover
     > register 1 blank
       refused DUPLICATE_BROKER_REGISTRATION: another process is registered as broker 1 and was heard of just now; if it was this one's last run, wait until its session ends
     > register 1
       partition-change orders-0 isr 2 leader 2
       register-broker 1 epoch 10 rack null fenced
       answer brokerEpoch 10
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > at 2499
     > look
     > at 2500
     > look
       partition-change orders-0 isr none elr 2 last leader 2 leader none
       broker-registration-change 2 fenced"
    `);
  });

  it('lets a broker that was going down begin to wait anew', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        beat 1 stop
        takeover
        beat 2
        beat 1 stop
        beat 1 stop`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > beat 1 stop
       partition-change orders-0 isr 2 leader 2
       broker-registration-change 1 shuts down
       answer isCaughtUp inControlledShutdown
     > takeover
     > beat 2
       answer isCaughtUp
     > beat 1 stop
       answer isCaughtUp inControlledShutdown
     > beat 1 stop
       broker-registration-change 1 fenced
       answer isCaughtUp isFenced shouldShutDown"
    `);
  });
});
