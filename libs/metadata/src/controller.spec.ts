import { describe, expect, it } from '@jest/globals';
import { play } from '../test/play.js';

describe('a controller', () => {
  it('takes brokers in with rising epochs, and gives a new cluster its feature level', () => {
    expect(play('broker 1\nbroker 2 north\nbroker 1\nshutdown 1 4\nshutdown 1 2\nshutdown 7 0')).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > broker 2 north
       register-broker 2 epoch 3 rack north
       answer {"brokerEpoch":3}
     > broker 1
       register-broker 1 epoch 4 rack null
       answer {"brokerEpoch":4}
     > shutdown 1 4
       broker-registration-change 1 shuts down
     > shutdown 1 2
       refused ApiError: STALE_BROKER_EPOCH: broker 1 has epoch 4, not 2
     > shutdown 7 0
       refused ApiError: STALE_BROKER_EPOCH: broker 7 is not registered"
    `);
  });

  it('makes topics, each for itself', () => {
    expect(
      play(`
        broker 1
        create a
        create a b:2:1 c:0 d:1:2 e:1:1:segment.bytes=5 f:1:1:nope=1 g:1:1:retention.ms=7
        create x.y x_y
        create x_y
        create h h i
        create __cluster_metadata
        rehearse a j`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create a
       topic T1 a
       partition T1-0 replicas 1 isr 1 leader 1 e0
       answer a done
     > create a b:2:1 c:0 d:1:2 e:1:1:segment.bytes=5 f:1:1:nope=1 g:1:1:retention.ms=7
       topic T2 b
       partition T2-0 replicas 1 isr 1 leader 1 e0
       partition T2-1 replicas 1 isr 1 leader 1 e0
       topic T3 g
       partition T3-0 replicas 1 isr 1 leader 1 e0
       config 2/g retention.ms=7
       answer a TOPIC_ALREADY_EXISTS: Topic a exists already
       answer b done
       answer c INVALID_PARTITIONS: Number of partitions must be 1 or more, or -1 for the default
       answer d INVALID_REPLICATION_FACTOR: Replication factor 2 is larger than the number of brokers, 1
       answer e INVALID_CONFIG: Invalid value 5 for configuration segment.bytes: must be at least 1048576
       answer f INVALID_CONFIG: There is no config nope for this kind of resource
       answer g done
     > create x.y x_y
       topic T4 x.y
       partition T4-0 replicas 1 isr 1 leader 1 e0
       answer x.y done
       answer x_y INVALID_TOPIC_EXCEPTION: Topic x_y collides with x.y: they differ in . and _ only
     > create x_y
       answer x_y INVALID_TOPIC_EXCEPTION: Topic x_y collides with x.y: they differ in . and _ only
     > create h h i
       topic T5 i
       partition T5-0 replicas 1 isr 1 leader 1 e0
       answer i done
       answer h INVALID_REQUEST: Topic h is named twice
     > create __cluster_metadata
       answer __cluster_metadata INVALID_REQUEST: Topic __cluster_metadata belongs to the broker
     > rehearse a j
       answer a TOPIC_ALREADY_EXISTS: Topic a exists already
       answer j done"
    `);
  });

  it('spreads leaders and replicas over brokers and racks', () => {
    expect(
      play(`
        broker 1 north
        broker 2 north
        broker 3 south
        broker 4 south
        create t:8:3`),
    ).toMatchInlineSnapshot(`
     "> broker 1 north
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack north
       answer {"brokerEpoch":2}
     > broker 2 north
       register-broker 2 epoch 3 rack north
       answer {"brokerEpoch":3}
     > broker 3 south
       register-broker 3 epoch 4 rack south
       answer {"brokerEpoch":4}
     > broker 4 south
       register-broker 4 epoch 5 rack south
       answer {"brokerEpoch":5}
     > create t:8:3
       topic T1 t
       partition T1-0 replicas 2,4,3 isr 2,4,3 leader 2 e0
       partition T1-1 replicas 1,4,2 isr 1,4,2 leader 1 e0
       partition T1-2 replicas 3,1,2 isr 3,1,2 leader 3 e0
       partition T1-3 replicas 4,1,3 isr 4,1,3 leader 4 e0
       partition T1-4 replicas 2,4,1 isr 2,4,1 leader 2 e0
       partition T1-5 replicas 3,2,4 isr 3,2,4 leader 3 e0
       partition T1-6 replicas 1,3,2 isr 1,3,2 leader 1 e0
       partition T1-7 replicas 4,1,3 isr 4,1,3 leader 4 e0
       answer t done"
    `);
  });

  it('adds partitions with the replicas that a topic has', () => {
    expect(
      play(`
        broker 1
        broker 2
        create t:1:2
        grow t:3
        grow t:3
        grow t:2
        grow t:4:2,1
        grow t:5:2
        grow t:5:9,1
        grow u:2
        grow t:9 t:10`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > broker 2
       register-broker 2 epoch 3 rack null
       answer {"brokerEpoch":3}
     > create t:1:2
       topic T1 t
       partition T1-0 replicas 2,1 isr 2,1 leader 2 e0
       answer t done
     > grow t:3
       partition T1-1 replicas 1,2 isr 1,2 leader 1 e0
       partition T1-2 replicas 1,2 isr 1,2 leader 1 e0
       answer t done
     > grow t:3
       answer t INVALID_PARTITIONS: Topic t has 3 partitions; their number can only grow, so 3 will not do
     > grow t:2
       answer t INVALID_PARTITIONS: Topic t has 3 partitions; their number can only grow, so 2 will not do
     > grow t:4:2,1
       partition T1-3 replicas 2,1 isr 2,1 leader 2 e0
       answer t done
     > grow t:5:2
       answer t INVALID_REPLICA_ASSIGNMENT: All partitions must have 2 replicas; assignment 0 has 1
     > grow t:5:9,1
       answer t INVALID_REPLICA_ASSIGNMENT: Partition 4: there is no broker 9
     > grow u:2
       answer u UNKNOWN_TOPIC_OR_PARTITION: There is no topic u
     > grow t:9 t:10
       answer t INVALID_REQUEST: Topic t is named twice"
    `);
  });

  it('deletes a topic with its configs, so that the next of its name begins without', () => {
    expect(
      play(`
        broker 1
        create t:1:1:retention.ms=7
        delete t
        delete t
        create t
        alter topic t retention.ms`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create t:1:1:retention.ms=7
       topic T1 t
       partition T1-0 replicas 1 isr 1 leader 1 e0
       config 2/t retention.ms=7
       answer t done
     > delete t
       remove-topic T1
       answer t done
     > delete t
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no topic t
     > create t
       topic T2 t
       partition T2-0 replicas 1 isr 1 leader 1 e0
       answer t done
     > alter topic t retention.ms
       answer done"
    `);
  });

  it('keeps the broker’s own topics as they are', () => {
    expect(
      play(`
        broker 1
        create __consumer_offsets:2:1
        delete __consumer_offsets
        grow __consumer_offsets:3`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create __consumer_offsets:2:1
       topic T1 __consumer_offsets
       partition T1-0 replicas 1 isr 1 leader 1 e0
       partition T1-1 replicas 1 isr 1 leader 1 e0
       answer __consumer_offsets done
     > delete __consumer_offsets
       answer __consumer_offsets TOPIC_DELETION_DISABLED: Topic __consumer_offsets belongs to the broker and cannot be deleted
     > grow __consumer_offsets:3
       answer __consumer_offsets INVALID_PARTITIONS: The number of partitions of __consumer_offsets was fixed when it was made"
    `);
  });

  it('deletes nothing where topics cannot be deleted', () => {
    expect(play('broker 1\ncreate t\ndelete t u', { 'delete.topic.enable': 'false' })).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create t
       topic T1 t
       partition T1-0 replicas 1 isr 1 leader 1 e0
       answer t done
     > delete t u
       answer t TOPIC_DELETION_DISABLED: Topics cannot be deleted: delete.topic.enable is false
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no topic u"
    `);
  });

  it('holds at most max.partitions, over all topics and inside one request', () => {
    expect(play('broker 1\ncreate a:3:1 b:3:1 c:2:1\ngrow a:4\ndelete a\ncreate d:3:1', { 'max.partitions': '5' }))
      .toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create a:3:1 b:3:1 c:2:1
       topic T1 a
       partition T1-0 replicas 1 isr 1 leader 1 e0
       partition T1-1 replicas 1 isr 1 leader 1 e0
       partition T1-2 replicas 1 isr 1 leader 1 e0
       topic T2 c
       partition T2-0 replicas 1 isr 1 leader 1 e0
       partition T2-1 replicas 1 isr 1 leader 1 e0
       answer a done
       answer b POLICY_VIOLATION: 3 more partitions would be over max.partitions; 2 are left
       answer c done
     > grow a:4
       answer a POLICY_VIOLATION: 1 more partitions would be over max.partitions; 0 are left
     > delete a
       remove-topic T1
       answer a done
     > create d:3:1
       topic T3 d
       partition T3-0 replicas 1 isr 1 leader 1 e0
       partition T3-1 replicas 1 isr 1 leader 1 e0
       partition T3-2 replicas 1 isr 1 leader 1 e0
       answer d done"
    `);
  });

  it('hands out each producer id once', () => {
    expect(play('broker 1\nproducer-ids 1 2\nproducer-ids 1 2\nproducer-ids 1 0\nproducer-ids 2 0'))
      .toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > producer-ids 1 2
       producer-ids next 1000
       answer {"first":0,"size":1000}
     > producer-ids 1 2
       producer-ids next 2000
       answer {"first":1000,"size":1000}
     > producer-ids 1 0
       refused ApiError: STALE_BROKER_EPOCH: broker 1 has epoch 2, not 0
     > producer-ids 2 0
       refused ApiError: STALE_BROKER_EPOCH: broker 2 is not registered"
    `);
  });
});
