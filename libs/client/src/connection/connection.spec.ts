import { beforeEach, describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import { type AnyApi, FindCoordinator, Heartbeat, ListGroups, Produce, encodeResponse } from '@trunkline/protocol';
import type { Answer } from '../cluster/cluster.js';
import type { KafkaError } from '../error.js';
import type { ClientObserver } from '../observer.js';
import { Connection, type ConnectionLimits } from './connection.js';
import { Request } from './request.js';

const LIMITS: ConnectionLimits = {
  requestsInFlightMax: 3,
  requestBytesInFlightMax: 1_000,
  responseBytesMax: 10_000,
  decodedBytesMax: 100_000,
  throttleMsMax: 60_000,
};

let log: string[];
let written: Uint8Array[];
let connection: Connection;

function make(limits: Partial<ConnectionLimits> = {}, observer: ClientObserver = {}): Connection {
  const effects = {
    write: (chunks: readonly Uint8Array[]) => void written.push(concatBytes(chunks)),
    end: (reason: KafkaError) => void log.push(`end ${reason.code}`),
    room: () => {},
  };
  const identity = { nodeId: 1, about: 'broker 1 at a:1', clientId: 'test' };
  return new Connection(identity, { ...LIMITS, ...limits }, effects, observer);
}

beforeEach(() => {
  log = [];
  written = [];
  connection = make();
});

/** Sends a request named `name`; how it ends comes into the log. */
function ask(name: string, deadlineMs = 1_000, over: { group?: string; nowMs?: number } = {}): Request {
  const body = { groupId: over.group ?? 'g', generationId: 1, memberId: name };
  const request = new Request(Heartbeat, body, 0, 99, deadlineMs, true, false, (error, answer) => {
    log.push(`${name}: ${error === undefined ? (answer as Answer<typeof Heartbeat>).body.errorCode : error.message}`);
  }) as unknown as Request;
  const failed = connection.transmit(over.nowMs ?? 0, request, 4);
  if (failed !== undefined) log.push(`${name} did not leave: ${failed.code}`);
  return request;
}

function answer(correlationId: number, errorCode = 0, api: AnyApi = Heartbeat): Uint8Array {
  return concatBytes(encodeResponse(api, 4, correlationId, { throttleTimeMs: 0, errorCode }));
}

function throttled(correlationId: number, throttleTimeMs: number, version = 4): Uint8Array {
  return concatBytes(encodeResponse(Heartbeat, version, correlationId, { throttleTimeMs, errorCode: 0 }));
}

describe('a connection', () => {
  it('answers requests in their order', () => {
    ask('a');
    ask('b');
    connection.received(1, concatBytes([answer(0, 25), answer(1, 27)]));
    expect(log).toEqual(['a: 25', 'b: 27']);
    expect(connection.inFlight).toBe(0);
  });

  it('numbers requests and begins anew behind 2^31 - 1', () => {
    const sent = [ask('a'), ask('b')].map(({ correlationId }) => correlationId);
    expect(sent).toEqual([0, 1]);
  });

  it('puts an answer together that comes in pieces', () => {
    ask('a');
    for (const byte of answer(0, 7)) connection.received(1, Uint8Array.of(byte));
    expect(log).toEqual(['a: 7']);
  });

  it('holds to the limit of requests in flight', () => {
    ask('a');
    ask('b');
    expect(connection.hasRoom).toBe(true);
    ask('c');
    expect(connection.hasRoom).toBe(false);
    connection.received(1, answer(0));
    expect(connection.hasRoom).toBe(true);
  });

  it('holds to the limit of bytes in flight, but lets one request of any length leave', () => {
    expect(connection.hasRoom).toBe(true);
    ask('a', 1_000, { group: 'g'.repeat(2_000) });
    expect(connection.hasRoom).toBe(false);
    connection.received(1, answer(0));
    expect(connection.hasRoom).toBe(true);
  });

  it('ends when an answer is overdue, for what is behind it cannot come', () => {
    ask('a', 500);
    ask('b', 900);
    connection.wake(connection.wakeAtMs);
    expect(log).toEqual([
      'end TIMED_OUT',
      expect.stringMatching(/^b: \[DISCONNECTED\].*no answer to Heartbeat within 500 ms/),
      expect.stringMatching(/^a: \[TIMED_OUT\] broker 1 at a:1: no answer to Heartbeat within 500 ms/),
    ]);
  });

  it('ends for the request that is due first, though another left before it', () => {
    ask('a', 900);
    ask('b', 500);
    expect(connection.wakeAtMs).toBe(500);
    connection.wake(500);
    expect(log).toEqual(['end TIMED_OUT', expect.stringMatching(/^a: \[DISC/), expect.stringMatching(/^b: \[TIMED/)]);
  });

  it('wakes for nobody when everything is answered', () => {
    ask('a', 500);
    connection.received(1, answer(0));
    connection.wake(500);
    expect(log).toEqual(['a: 0']);
    expect(connection.wakeAtMs).toBe(Infinity);
  });

  it('fails what is in flight when the link has gone', () => {
    ask('a');
    connection.end({ code: 'DISCONNECTED', detail: 'gone' } as KafkaError);
    ask('b');
    expect(log).toEqual(['end DISCONNECTED', expect.stringMatching(/^a: .*gone/), 'b did not leave: DISCONNECTED']);
  });

  it('drops the answer to a request that was given up', () => {
    const request = ask('a');
    ask('b');
    request.fail({ code: 'ABORTED', message: 'given up' } as KafkaError);
    connection.received(1, concatBytes([answer(0, 1), answer(1, 2)]));
    expect(log).toEqual(['a: given up', 'b: 2']);
  });

  it('expects no answer to a request that gets none', () => {
    const body = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] };
    const request = new Request(Produce, body, 0, 99, 1, false, false, () => void log.push('settled'));
    connection.transmit(0, request as unknown as Request, 9);
    expect(connection.inFlight).toBe(0);
    ask('a');
    connection.received(1, answer(1));
    expect(log).toEqual(['a: 0']);
  });

  it('refuses a body that the version cannot say, and goes on', () => {
    const body = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: 'static' };
    const request = new Request(Heartbeat, body, 0, 0, 1, true, false, () => {});
    expect(connection.transmit(0, request as unknown as Request, 0)?.code).toBe('UNSUPPORTED_BROKER');
    ask('a');
    connection.received(1, answer(0));
    expect(log).toEqual(['a: 0']);
  });

  it('tells its observer what left and came', () => {
    connection = make(
      {},
      {
        requestSent: (api, nodeId, bytes) => void log.push(`sent ${api} ${nodeId} ${bytes > 0}`),
        answered: (api, nodeId, tookMs) => void log.push(`answered ${api} ${nodeId} ${tookMs}`),
        throttled: (api, _, throttleTimeMs) => void log.push(`throttled ${api} ${throttleTimeMs}`),
      },
    );
    ask('a', 1_000, { nowMs: 10 });
    connection.received(15, concatBytes(encodeResponse(Heartbeat, 4, 0, { throttleTimeMs: 9, errorCode: 0 })));
    expect(log).toEqual(['sent Heartbeat 1 true', 'answered Heartbeat 1 5', 'throttled Heartbeat 9', 'a: 0']);
  });
});

describe('a connection whose broker asks it to wait', () => {
  it('has no room until the throttle time is over, and says when that is', () => {
    const rooms: number[] = [];
    const effects = { write: () => {}, end: () => {}, room: () => void rooms.push(rooms.length) };
    connection = new Connection({ nodeId: 1, about: 'a', clientId: 'test' }, LIMITS, effects, {});
    ask('a');
    connection.received(100, throttled(0, 250));
    expect([connection.hasRoom, connection.mutedUntilMs, connection.wakeAtMs]).toEqual([false, 350, 350]);
    connection.wake(349);
    expect([connection.hasRoom, connection.wakeAtMs]).toEqual([false, 350]);
    const before = rooms.length;
    connection.wake(350);
    expect([connection.hasRoom, connection.wakeAtMs, rooms.length - before]).toEqual([true, Infinity, 1]);
  });

  it('goes by the word that reaches farthest', () => {
    ask('a');
    ask('b');
    connection.received(0, concatBytes([throttled(0, 500), throttled(1, 100)]));
    expect(connection.mutedUntilMs).toBe(500);
  });

  it('is not held up for longer than throttleMsMax, whatever the broker says', () => {
    ask('a');
    connection.received(0, throttled(0, 2 ** 31 - 1));
    connection.wake(59_999);
    expect(connection.hasRoom).toBe(false);
    connection.wake(60_000);
    expect(connection.hasRoom).toBe(true);
  });

  it('does not wait when it may not be made to, or when the time is below zero', () => {
    connection = make({ throttleMsMax: 0 });
    ask('a');
    connection.received(0, throttled(0, 500));
    expect(connection.hasRoom).toBe(true);
    connection = make();
    ask('a');
    connection.received(0, throttled(0, -500));
    expect(connection.hasRoom).toBe(true);
  });

  it('does not wait for versions with which the broker itself has waited', () => {
    const body = { groupId: 'g', generationId: 1, memberId: 'm' };
    const request = new Request(Heartbeat, body, 0, 99, 1_000, true, false, () => {});
    connection.transmit(0, request as unknown as Request, 1);
    connection.received(0, throttled(0, 500, 1));
    expect(connection.hasRoom).toBe(true);
  });

  it('holds what is in flight to its deadline meanwhile', () => {
    ask('a', 500);
    ask('b', 200);
    connection.received(0, throttled(0, 300));
    expect(connection.wakeAtMs).toBe(200);
    connection.wake(200);
    expect(log).toEqual(['a: 0', 'end TIMED_OUT', expect.stringMatching(/^b: \[TIMED_OUT\]/)]);
  });
});

describe('a connection to a hostile broker', () => {
  const violations: readonly [what: string, bytes: () => Uint8Array, says: RegExp][] = [
    ['another correlation id', () => answer(7), /correlation id 0 was due, and one with 7 came/],
    ['a negative correlation id', () => answer(-1), /and one with -1 came/],
    ['a negative size', () => Uint8Array.of(255, 255, 255, 255), /an answer of -1 bytes was announced/],
    ['a size of 2 GiB', () => Uint8Array.of(127, 255, 255, 255), /2147483647 bytes was announced; 10000 are allowed/],
    ['a body that is too short', () => Uint8Array.of(0, 0, 0, 6, 0, 0, 0, 0, 0, 1), /Heartbeat version 4 is broken/],
    ['no body', () => Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0), /is broken/],
    [
      'bytes that are left over',
      () => {
        const bytes = concatBytes([answer(0), Uint8Array.of(1, 2)]);
        new DataView(bytes.buffer).setInt32(0, bytes.length - 4);
        return bytes;
      },
      /2 bytes are left over/,
    ],
  ];
  for (const [what, bytes, says] of violations)
    it(`ends on ${what} and says why; the others are disconnected`, () => {
      ask('a');
      ask('b');
      connection.received(1, bytes());
      const last = log.pop();
      expect(last).toMatch(/^a: \[PROTOCOL_VIOLATION\] broker 1 at a:1: /);
      expect(last).toMatch(says);
      expect(log).toEqual(['end PROTOCOL_VIOLATION', expect.stringMatching(/^b: \[DISCONNECTED\]/)]);
      connection.received(2, answer(1));
      expect(connection.ended?.code).toBe('PROTOCOL_VIOLATION');
    });

  it('ends on an answer that nobody asked for', () => {
    connection.received(1, answer(0));
    expect(connection.ended?.message).toMatch(/PROTOCOL_VIOLATION.*nothing was asked/);
  });

  it('takes no memory for counts that cannot be', () => {
    const request = new Request(ListGroups, {}, 0, 99, 1_000, true, false, (error) => void log.push(error!.message));
    connection.transmit(0, request as unknown as Request, 3);
    const body = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x07, 0);
    connection.received(1, concatBytes([Uint8Array.of(0, 0, 0, body.length), body]));
    expect(log.at(-1)).toMatch(/PROTOCOL_VIOLATION/);
  });

  it('survives any bytes at all', () => {
    let state = 1;
    const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
    for (let round = 0; round < 2_000; round++) {
      connection = make();
      const request = new Request(FindCoordinator, { coordinatorKeys: ['k'] }, 0, 99, 1, true, false, () => {});
      connection.transmit(0, request as unknown as Request, 4);
      const body = Uint8Array.from({ length: 4 + (next() % 60) }, (_, at) => (at < 5 ? 0 : next() & 0xff));
      connection.received(1, concatBytes([Uint8Array.of(0, 0, 0, body.length), body]));
      expect(request.settled).toBe(true);
      expect([undefined, 'PROTOCOL_VIOLATION']).toContain(connection.ended?.code);
    }
  });
});
