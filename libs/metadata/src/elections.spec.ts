import { describe, expect, it } from '@jest/globals';
import { playCluster } from '../test/play-cluster.js';

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
       answer ELIGIBLE_LEADERS_NOT_AVAILABLE: none of its brokers is up with what it had: 1,2
       answer ELIGIBLE_LEADERS_NOT_AVAILABLE: none of its brokers is up with what it had: 2,1
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
