import { describe, expect, it } from '@jest/globals';
import { play } from '../test/play.js';

describe('a controller, on configs', () => {
  it('changes single configs of a topic, and writes nothing for what is so already', () => {
    expect(
      play(`
        broker 1
        create t
        alter topic t retention.ms=5 segment.ms=6
        alter topic t retention.ms=5
        alter topic t cleanup.policy+=compact
        alter topic t cleanup.policy+=compact
        alter topic t cleanup.policy-=delete
        alter topic t retention.ms cleanup.policy
        alter topic t retention.ms+=5
        alter topic t retention.ms=5 retention.ms=6
        alter topic t min.compaction.lag.ms=+9 max.compaction.lag.ms=8
        alter topic u retention.ms=5
        alter topic - retention.ms=5`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create t
       topic T1 t
       partition T1-0 replicas 1 isr 1 leader 1 e0
       answer t done
     > alter topic t retention.ms=5 segment.ms=6
       config 2/t retention.ms=5
       config 2/t segment.ms=6
       answer done
     > alter topic t retention.ms=5
       answer done
     > alter topic t cleanup.policy+=compact
       config 2/t cleanup.policy=delete,compact
       answer done
     > alter topic t cleanup.policy+=compact
       answer done
     > alter topic t cleanup.policy-=delete
       config 2/t cleanup.policy=compact
       answer done
     > alter topic t retention.ms cleanup.policy
       config 2/t retention.ms=null
       config 2/t cleanup.policy=null
       answer done
     > alter topic t retention.ms+=5
       answer INVALID_CONFIG: Config retention.ms is no list, so nothing can be added to it or taken from it
     > alter topic t retention.ms=5 retention.ms=6
       answer INVALID_REQUEST: Config retention.ms is named twice
     > alter topic t min.compaction.lag.ms=+9 max.compaction.lag.ms=8
       answer INVALID_CONFIG: min.compaction.lag.ms (9) may not be larger than max.compaction.lag.ms (8)
     > alter topic u retention.ms=5
       answer UNKNOWN_TOPIC_OR_PARTITION: There is no topic u
     > alter topic - retention.ms=5
       answer INVALID_REQUEST: The name of the resource is empty; only brokers have a common default"
    `);
  });

  it('replaces all configs of a topic', () => {
    expect(
      play(`
        broker 1
        create t:1:1:retention.ms=5:segment.ms=6
        replace topic t segment.ms=6 flush.ms=1
        replace topic t
        replace topic t nope=1`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > create t:1:1:retention.ms=5:segment.ms=6
       topic T1 t
       partition T1-0 replicas 1 isr 1 leader 1 e0
       config 2/t retention.ms=5
       config 2/t segment.ms=6
       answer t done
     > replace topic t segment.ms=6 flush.ms=1
       config 2/t retention.ms=null
       config 2/t flush.ms=1
       answer done
     > replace topic t
       config 2/t segment.ms=null
       config 2/t flush.ms=null
       answer done
     > replace topic t nope=1
       answer INVALID_CONFIG: There is no config nope for this kind of resource"
    `);
  });

  it('changes a broker’s configs that can change, for one and for all', () => {
    expect(
      play(`
        broker 1
        alter broker 1 log.retention.ms=5
        alter broker - log.retention.ms=6
        alter broker 1 num.partitions=1
        alter broker 1 num.partitions=2
        alter broker 1 log.segment.bytes=5
        alter broker 2 log.retention.ms=5
        alter broker x log.retention.ms=5`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > alter broker 1 log.retention.ms=5
       config 4/1 log.retention.ms=5
       answer done
     > alter broker - log.retention.ms=6
       config 4/ log.retention.ms=6
       answer done
     > alter broker 1 num.partitions=1
       answer done
     > alter broker 1 num.partitions=2
       answer INVALID_REQUEST: Config num.partitions cannot change while the broker runs; set it and start again
     > alter broker 1 log.segment.bytes=5
       answer INVALID_REQUEST: Invalid value 5 for configuration log.segment.bytes: must be at least 1048576
     > alter broker 2 log.retention.ms=5
       answer INVALID_REQUEST: There is no broker 2
     > alter broker x log.retention.ms=5
       answer INVALID_REQUEST: The name of a broker resource is its number"
    `);
  });

  it('takes configs of a group before the group exists, within the broker’s limits', () => {
    expect(
      play(`
        alter group g consumer.session.timeout.ms=50000
        alter group g consumer.session.timeout.ms=5
        alter group g consumer.heartbeat.interval.ms=60000
        alter group g share.auto.offset.reset=by_duration:PT1H
        alter clientMetrics m match=client_id=a.*
        alter clientMetrics m match=foo
        alter brokerLogger 1 root=INFO`),
    ).toMatchInlineSnapshot(`
     "> alter group g consumer.session.timeout.ms=50000
       config 32/g consumer.session.timeout.ms=50000
       answer done
     > alter group g consumer.session.timeout.ms=5
       answer INVALID_CONFIG: consumer.session.timeout.ms must be at least group.consumer.min.session.timeout.ms (45000)
     > alter group g consumer.heartbeat.interval.ms=60000
       answer INVALID_CONFIG: consumer.heartbeat.interval.ms must be at most group.consumer.max.heartbeat.interval.ms (15000)
     > alter group g share.auto.offset.reset=by_duration:PT1H
       config 32/g share.auto.offset.reset=by_duration:PT1H
       answer done
     > alter clientMetrics m match=client_id=a.*
       config 16/m match=client_id=a.*
       answer done
     > alter clientMetrics m match=foo
       answer INVALID_CONFIG: Invalid value foo for configuration match: must hold pairs like client_id=a.*
     > alter brokerLogger 1 root=INFO
       answer INVALID_REQUEST: Loggers cannot be changed over the wire"
    `);
  });

  it('keeps one min.insync.replicas for all brokers', () => {
    expect(
      play(`
        broker 1
        alter broker 1 min.insync.replicas=2
        alter broker 1 min.insync.replicas=1
        alter broker 1 min.insync.replicas
        alter broker - min.insync.replicas
        alter broker - min.insync.replicas=2
        replace broker - log.retention.ms=7000
        alter broker - min.insync.replicas
        replace broker 1 min.insync.replicas=2`),
    ).toMatchInlineSnapshot(`
     "> broker 1
       feature-level metadata.version 30
       feature-level eligible.leader.replicas.version 1
       register-broker 1 epoch 2 rack null
       answer {"brokerEpoch":2}
     > alter broker 1 min.insync.replicas=2
       answer INVALID_CONFIG: min.insync.replicas is the same for all brokers; set their default
     > alter broker 1 min.insync.replicas=1
       answer done
     > alter broker 1 min.insync.replicas
       answer done
     > alter broker - min.insync.replicas
       answer done
     > alter broker - min.insync.replicas=2
       config 4/ min.insync.replicas=2
       answer done
     > replace broker - log.retention.ms=7000
       config 4/ log.retention.ms=7000
       answer done
     > alter broker - min.insync.replicas
       answer INVALID_CONFIG: min.insync.replicas of all brokers cannot be taken away; set another value
     > replace broker 1 min.insync.replicas=2
       answer done"
    `);
  });
});
