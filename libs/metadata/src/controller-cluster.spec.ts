import { describe, expect, it } from '@jest/globals';
import { playCluster } from '../test/play-cluster.js';

describe('a controller of several brokers', () => {
  it('lets a broker in once it has applied its own registration, and gives another start another epoch', () => {
    expect(
      playCluster(`
        register 1
        beat 1 behind
        beat 1 fence
        beat 1
        beat 1
        register 1 again
        register 1
        beat 1 stale`),
    ).toMatchInlineSnapshot(`
     "> register 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       config 4/ min.insync.replicas=1
       register-broker 1 epoch 3 rack null fenced
       answer brokerEpoch 3
     > beat 1 behind
       answer isFenced
     > beat 1 fence
       answer isCaughtUp isFenced
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > beat 1
       answer isCaughtUp
     > register 1 again
       register-broker 1 epoch 3 rack null
       answer brokerEpoch 3
     > register 1
       refused DUPLICATE_BROKER_REGISTRATION: another process is registered as broker 1 and was heard of just now; if it was this one's last run, wait until its session ends
     > beat 1 stale
       refused STALE_BROKER_EPOCH: broker 1 has epoch 3, not 0"
    `);
  });

  it('fails over to a replica in sync when the leader dies, and takes the dead one back once it has caught up', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3
        create orders 1,2,3
        at 100
        lost 1
        at 300
        look
        at 400
        look
        show orders-0
        register 1
        beat 1
        isr orders-0 2,3,1
        balance
        show orders-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > at 100
     > lost 1
     > at 300
     > look
     > at 400
     > look
       partition-change orders-0 isr 2,3 leader 2
       broker-registration-change 1 fenced
     > show orders-0
       orders-0 leader 2 e1.1 replicas 1,2,3 isr 2,3
     > register 1
       register-broker 1 epoch 13 rack null fenced
       answer brokerEpoch 13
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > isr orders-0 2,3,1
       partition-change orders-0 isr 2,3,1
       answer leader 2 e1.2 replicas 1,2,3 isr 2,3,1
     > balance
       partition-change orders-0 leader 1
     > show orders-0
       orders-0 leader 1 e2.3 replicas 1,2,3 isr 2,3,1"
    `);
  });

  it('keeps who has everything eligible when the last replicas die, and lets it lead when it comes back clean', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3
        create orders 1,2,3
        dies 1
        dies 2
        show orders-0
        dies 3
        show orders-0
        register 1
        beat 1
        show orders-0
        register 2 clean
        beat 2
        show orders-0`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2,3
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
     > dies 1
       partition-change orders-0 isr 2,3 leader 2
       broker-registration-change 1 fenced
     > dies 2
       partition-change orders-0 isr 3 elr 2 leader 3
       broker-registration-change 2 fenced
     > show orders-0
       orders-0 leader 3 e2.2 replicas 1,2,3 isr 3 elr 2
     > dies 3
       partition-change orders-0 isr none elr 2,3 last leader 3 leader none
       broker-registration-change 3 fenced
     > show orders-0
       orders-0 leader none e3.3 replicas 1,2,3 isr none elr 2,3 last leader 3
     > register 1
       register-broker 1 epoch 17 rack null fenced
       answer brokerEpoch 17
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > show orders-0
       orders-0 leader none e3.3 replicas 1,2,3 isr none elr 2,3 last leader 3
     > register 2 clean
       register-broker 2 epoch 19 rack null fenced
       answer brokerEpoch 19
     > beat 2
       broker-registration-change 2 unfenced
       partition-change orders-0 isr 2 elr 3 last leader none leader 2
       answer isCaughtUp
     > show orders-0
       orders-0 leader 2 e4.4 replicas 1,2,3 isr 2 elr 3"
    `);
  });

  it('waits for the last leader when nobody is left who has everything', () => {
    expect(
      playCluster(
        `
        cluster 1 2
        create orders 1,2
        dies 2
        dies 1
        show orders-0
        register 1
        register 2
        beat 2
        show orders-0
        elect preferred orders-0
        beat 1
        show orders-0
        isr orders-0 1,2 recovering
        isr orders-0 1,2
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
     > dies 1
       partition-change orders-0 isr none elr 2,1 last leader 1 leader none
       broker-registration-change 1 fenced
     > show orders-0
       orders-0 leader none e1.2 replicas 1,2 isr none elr 2,1 last leader 1
     > register 1
       partition-change orders-0 elr 2
       register-broker 1 epoch 14 rack null fenced
       answer brokerEpoch 14
     > register 2
       partition-change orders-0 elr none
       register-broker 2 epoch 16 rack null fenced
       answer brokerEpoch 16
     > beat 2
       broker-registration-change 2 unfenced
       answer isCaughtUp
     > show orders-0
       orders-0 leader none e1.4 replicas 1,2 isr none last leader 1
     > elect preferred orders-0
       answer PREFERRED_LEADER_NOT_AVAILABLE: broker 1 is not up and in sync
     > beat 1
       broker-registration-change 1 unfenced
       partition-change orders-0 isr 1 last leader none leader 1 recovering
       answer isCaughtUp
     > show orders-0
       orders-0 leader 1 e2.5 replicas 1,2 isr 1 recovering
     > isr orders-0 1,2 recovering
       answer INVALID_REQUEST: Nobody joins a leader that still recovers from an unclean election
     > isr orders-0 1,2
       partition-change orders-0 isr 1,2 recovered
       answer leader 1 e2.6 replicas 1,2 isr 1,2
     > show orders-0
       orders-0 leader 1 e2.6 replicas 1,2 isr 1,2"
    `);
  });

  it('lets a blank disk lead only where somebody names the partition, though its broker led last', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        dies 2
        dies 1
        register 1 blank
        beat 1
        register 2
        beat 2
        show orders-0
        dies 2
        elect unclean all
        show orders-0
        elect unclean orders-0
        register 2
        beat 2
        isr orders-0 2,1
        show orders-0`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > dies 2
       partition-change orders-0 isr 1
       broker-registration-change 2 fenced
     > dies 1
       partition-change orders-0 isr none elr 1 last leader 1 leader none
       broker-registration-change 1 fenced
     > register 1 blank
       partition-change orders-0 elr none
       register-broker 1 epoch 14 rack null fenced
       answer brokerEpoch 14
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > register 2
       register-broker 2 epoch 16 rack null fenced
       answer brokerEpoch 16
     > beat 2
       broker-registration-change 2 unfenced
       answer isCaughtUp
     > show orders-0
       orders-0 leader none e1.3 replicas 1,2 isr none last leader 1
     > dies 2
       broker-registration-change 2 fenced
     > elect unclean all
       answer ELIGIBLE_LEADERS_NOT_AVAILABLE: none of its brokers is up with what it had: 1,2
     > show orders-0
       orders-0 leader none e1.3 replicas 1,2 isr none last leader 1
     > elect unclean orders-0
       partition-change orders-0 isr 1 last leader none leader 1 recovering directories
     > register 2
       register-broker 2 epoch 20 rack null fenced
       answer brokerEpoch 20
     > beat 2
       broker-registration-change 2 unfenced
       answer isCaughtUp
     > isr orders-0 2,1
       partition-change orders-0 isr 2,1 recovered
       answer leader 1 e2.5 replicas 1,2 isr 2,1
     > show orders-0
       orders-0 leader 1 e2.5 replicas 1,2 isr 2,1"
    `);
  });

  it('loses records rather than wait where a topic asks for it, and only there', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        create clicks 1,2
        isr orders-0 1
        isr clicks-0 1
        set clicks unclean.leader.election.enable true
        dies 1
        set orders unclean.leader.election.enable true
        show orders-0
        unclean-round`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > create clicks 1,2
       topic clicks clicks
       partition clicks-0 replicas 1,2 isr 1,2 leader 1 e0
     > isr orders-0 1
       partition-change orders-0 isr 1
       answer leader 1 e0.1 replicas 1,2 isr 1
     > isr clicks-0 1
       partition-change clicks-0 isr 1
       answer leader 1 e0.1 replicas 1,2 isr 1
     > set clicks unclean.leader.election.enable true
       config 2/clicks unclean.leader.election.enable=true
     > dies 1
       partition-change orders-0 isr none elr 1 last leader 1 leader none
       partition-change clicks-0 isr 2 leader 2 recovering
       broker-registration-change 1 fenced
     > set orders unclean.leader.election.enable true
       config 2/orders unclean.leader.election.enable=true
     > show orders-0
       orders-0 leader none e1.2 replicas 1,2 isr none elr 1 last leader 1
     > unclean-round
       partition-change orders-0 isr 2 elr none last leader none leader 2 recovering"
    `);
  });

  it('restarts broker by broker without a gap', () => {
    expect(
      playCluster(
        `
        cluster 1 2 3
        create orders 1,2,3 2,3,1
        beat 1 stop
        beat 1 stop
        beat 2
        beat 1 stop
        beat 3
        beat 1 stop
        register 1 clean
        beat 1
        isr orders-0 2,3,1
        isr orders-1 2,3,1
        balance
        beat 3 stop`,
        { 'min.insync.replicas': '2' },
      ),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2 3
     > create orders 1,2,3 2,3,1
       topic orders orders
       partition orders-0 replicas 1,2,3 isr 1,2,3 leader 1 e0
       partition orders-1 replicas 2,3,1 isr 2,3,1 leader 2 e0
     > beat 1 stop
       partition-change orders-0 isr 2,3 leader 2
       partition-change orders-1 isr 2,3
       broker-registration-change 1 shuts down
       answer isCaughtUp inControlledShutdown
     > beat 1 stop
       answer isCaughtUp inControlledShutdown
     > beat 2
       answer isCaughtUp
     > beat 1 stop
       answer isCaughtUp inControlledShutdown
     > beat 3
       answer isCaughtUp
     > beat 1 stop
       broker-registration-change 1 fenced
       answer isCaughtUp isFenced shouldShutDown
     > register 1 clean
       register-broker 1 epoch 16 rack null fenced
       answer brokerEpoch 16
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp
     > isr orders-0 2,3,1
       partition-change orders-0 isr 2,3,1
       answer leader 2 e1.2 replicas 1,2,3 isr 2,3,1
     > isr orders-1 2,3,1
       partition-change orders-1 isr 2,3,1
       answer leader 2 e0.2 replicas 2,3,1 isr 2,3,1
     > balance
       partition-change orders-0 leader 1
     > beat 3 stop
       partition-change orders-0 isr 2,1
       partition-change orders-1 isr 2,1
       broker-registration-change 3 fenced
       answer isCaughtUp isFenced shouldShutDown"
    `);
  });
});
