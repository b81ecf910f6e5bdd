import { describe, expect, it } from '@jest/globals';
import { nodeId } from '@trunkline/kernel';
import { ControllerWorld } from '../test/fixture.js';
import { playCluster } from '../test/play-cluster.js';
import { BROKERS_MAX } from './broker-registration.js';

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

describe('a controller that is asked in', () => {
  it('refuses directories that cannot be the broker’s, and a build that is too old', () => {
    expect(
      playCluster(`
        cluster 1
        register 2 no-disks
        register 2 same-disks
        register 2 disks-of-1
        register 2 reserved-disk
        register 2 old-build
        register 2`),
    ).toMatchInlineSnapshot(`
     "> cluster 1
     > register 2 no-disks
       refused INVALID_REGISTRATION: Broker 2: it names no log directory
     > register 2 same-disks
       refused INVALID_REGISTRATION: Broker 2: a log directory is named twice
     > register 2 disks-of-1
       refused INVALID_REGISTRATION: Broker 2: its log directory Gm2ktmumQnCUlvRghJ3MQw belongs to broker 1; was it copied from there?
     > register 2 reserved-disk
       refused INVALID_REGISTRATION: Broker 2: an id of a log directory is reserved
     > register 2 old-build
       refused UNSUPPORTED_VERSION: Broker 2 cannot join: the cluster works with metadata.version 30, this build with 0 to 0
     > register 2
       register-broker 2 epoch 5 rack null fenced
       answer brokerEpoch 5"
    `);
  });

  it('fences who was fenced on its way down for good, until it comes again', () => {
    expect(
      playCluster(`
        cluster 1 2
        create orders 1,2
        beat 1 stop
        dies 1
        beat 1
        register 1
        beat 1`),
    ).toMatchInlineSnapshot(`
     "> cluster 1 2
     > create orders 1,2
       topic orders orders
       partition orders-0 replicas 1,2 isr 1,2 leader 1 e0
     > beat 1 stop
       partition-change orders-0 isr 2 leader 2
       broker-registration-change 1 shuts down
       answer isCaughtUp inControlledShutdown
     > dies 1
       broker-registration-change 1 fenced
     > beat 1
       answer isCaughtUp isFenced shouldShutDown
     > register 1
       register-broker 1 epoch 12 rack null fenced
       answer brokerEpoch 12
     > beat 1
       broker-registration-change 1 unfenced
       answer isCaughtUp"
    `);
  });

  it('is full with a thousand brokers, until one is unregistered', () => {
    const world = new ControllerWorld().withBrokers(...Array.from({ length: BROKERS_MAX }, (_, place) => place));
    expect(() => world.withBrokers(BROKERS_MAX)).toThrow(
      'INVALID_REGISTRATION: Broker 1000: 1000 brokers are registered',
    );
    world.withBrokers(7);
    world.commit(world.controller.unregisterBroker(nodeId(8)));
    world.withBrokers(BROKERS_MAX);
    expect(world.image.brokers.size).toBe(BROKERS_MAX);
  });
});
