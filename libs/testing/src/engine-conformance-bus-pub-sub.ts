import { describe, expect, it } from '@jest/globals';
import { HEADER, type Message, Reject, RetryLater, bytes, fixed, json, topic } from '@trunkline/bus';
import { type Kit, WAIT_MS, atLeast, message, turns } from './engine-conformance-kit.js';
import { until } from './until.js';

interface Order {
  readonly id: string;
  readonly total: number;
}

const quick = { attempts: 3, backoff: fixed(1) };

export function describeBusPubSub(kit: Kit): void {
  const orders = (partitions = 4) => topic(kit.name('orders.placed'), json<Order>(), { partitions });

  describe('publish and subscribe', () => {
    it('give an event to each service once, to one of its instances', async () => {
      const placed = orders();
      const seen: Record<string, string[]> = { billing: [], stock: [] };
      const buses = ['billing', 'billing', 'stock'].map((service) => {
        const bus = kit.bus(service);
        bus.subscribe(placed, (order) => void seen[service]?.push(order.id));
        return bus;
      });
      await Promise.all(buses.map((bus) => bus.start()));
      const ids = Array.from({ length: 30 }, (_, index) => `o${index}`);
      await Promise.all(ids.map(async (id) => await buses[0]?.publish(placed, { id, total: 1 }, { key: id })));
      for (const list of Object.values(seen)) {
        await atLeast(30, list);
        expect(list.toSorted()).toEqual(ids.toSorted());
      }
    });

    it('carry key, headers, trace context and CloudEvents', async () => {
      const placed = orders();
      const bus = kit.bus('shop');
      const seen: Message[] = [];
      const forwarded: Message[] = [];
      const next = orders();
      bus.subscribe(placed, async (order, received) => {
        seen.push(received);
        await bus.publish(next, order, { cause: received });
      });
      bus.subscribe(next, (_, received) => void forwarded.push(received));
      await bus.start();
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      await bus.publish(
        placed,
        { id: 'o1', total: 7 },
        { key: 'customer 1', headers: { traceparent, 'x-tenant': 'a' } },
      );
      await atLeast(1, forwarded);
      const [got] = seen;
      expect(got?.key).toBe('customer 1');
      expect(got?.header('x-tenant')).toBe('a');
      expect(got?.header(HEADER.contentType)).toBe('application/json');
      expect(got?.header(HEADER.ceSpecVersion)).toBe('1.0');
      expect(got?.header(HEADER.ceType)).toBe(placed.name);
      expect(got?.header(HEADER.ceSource)).toBe('/shop');
      expect(got?.id).toBe(got?.header(HEADER.ceId));
      expect(Date.parse(got?.header(HEADER.ceTime) ?? '')).not.toBeNaN();
      expect(forwarded[0]?.header('traceparent')).toBe(traceparent);
      expect(forwarded[0]?.header('x-tenant')).toBeUndefined();
    });

    it('give a broadcast event to every instance', async () => {
      const placed = orders();
      const seen: string[] = [];
      const buses = ['one', 'two'].map((instance) => {
        const bus = kit.bus('cache');
        bus.subscribe(placed, (order) => void seen.push(`${instance} ${order.id}`), { broadcast: true });
        return bus;
      });
      await Promise.all(buses.map((bus) => bus.start()));
      await buses[0]?.publish(placed, { id: 'o1', total: 1 });
      await atLeast(2, seen);
      expect(seen.toSorted()).toEqual(['one o1', 'two o1']);
    });

    it('run two handlers of one topic apart, when one has a group of its own', async () => {
      const placed = orders();
      const bus = kit.bus('shop');
      const seen: string[] = [];
      bus.subscribe(placed, (order) => void seen.push(`first ${order.id}`));
      bus.subscribe(placed, (order) => void seen.push(`second ${order.id}`), { group: 'second' });
      await bus.start();
      await bus.publish(placed, { id: 'o1', total: 1 });
      await atLeast(2, seen);
      expect(seen.toSorted()).toEqual(['first o1', 'second o1']);
    });

    it('carry the deletion of a key as null', async () => {
      const prices = topic(kit.name('prices'), json<number>(), { partitions: 2, tombstones: true });
      const bus = kit.bus('shop');
      const seen: (readonly [string | null, number | null])[] = [];
      bus.subscribe(prices, (price, { key }) => void seen.push([key, price]));
      await bus.start();
      await bus.publish(prices, 5, { key: 'apple' });
      await bus.publish(prices, null, { key: 'apple' });
      await atLeast(2, seen);
      expect(seen).toEqual([
        ['apple', 5],
        ['apple', null],
      ]);
    });

    it('keep the order of a key while a message of it is tried again', async () => {
      const placed = orders(1);
      const bus = kit.bus('shop', { retry: quick });
      const seen: string[] = [];
      bus.subscribe(placed, async ({ id }, { key, attempt }) => {
        await turns(1);
        if (id === '3' && attempt < 3) throw new Error('not yet');
        seen.push(`${key} ${id}`);
      });
      await bus.start();
      for (const id of ['1', '2', '3', '4', '5']) {
        for (const key of ['a', 'b']) await bus.publish(placed, { id, total: 0 }, { key });
      }
      await atLeast(10, seen);
      for (const key of ['a', 'b']) {
        expect(seen.filter((each) => each.startsWith(key))).toEqual(
          ['1', '2', '3', '4', '5'].map((id) => `${key} ${id}`),
        );
      }
    });
  });

  describe('dead letters', () => {
    const collect = (placed: { readonly name: string }, group: string) => {
      const dead: Message[] = [];
      const bus = kit.bus('undertaker');
      bus.subscribe(topic(`${placed.name}.${group}.dead`, bytes()), (_, received) => void dead.push(received));
      return { dead, bus };
    };

    it('take a message after its last attempt, with where it came from and what went wrong', async () => {
      const placed = orders();
      const bus = kit.bus('shop', { retry: quick });
      const attempts: number[] = [];
      const lane = bus.subscribe(placed, (_, { attempt }) => {
        attempts.push(attempt);
        throw new TypeError('no such customer');
      });
      await bus.start();
      const { dead, bus: undertaker } = collect(placed, 'shop');
      await undertaker.start();
      await bus.publish(placed, { id: 'o1', total: 3 }, { key: 'k', headers: { 'x-tenant': 'a' } });
      await atLeast(1, dead);
      expect(attempts).toEqual([1, 2, 3]);
      const [got] = dead;
      expect(JSON.parse(new TextDecoder().decode(got?.raw ?? new Uint8Array()))).toEqual({ id: 'o1', total: 3 });
      expect(got?.key).toBe('k');
      expect(got?.header('x-tenant')).toBe('a');
      expect(got?.header(HEADER.originChannel)).toBe(placed.name);
      expect(got?.header(HEADER.originOffset)).toBe('0');
      expect(got?.header(HEADER.originPartition)).toMatch(/^[0-3]$/);
      expect(got?.header(HEADER.originGroup)).toBe(`${placed.name}.shop`);
      expect(got?.header(HEADER.errorAttempts)).toBe('3');
      expect(got?.header(HEADER.errorClass)).toBe('TypeError');
      expect(got?.header(HEADER.errorText)).toBe('no such customer');
      expect(Number(got?.header(HEADER.errorFirst))).toBeLessThanOrEqual(Number(got?.header(HEADER.errorLast)));
      await until('it is counted', () => lane.health().deadLettered === 1, WAIT_MS);
      expect(lane.health()).toMatchObject({ retried: 2, handled: 0 });
    });

    it('take a rejected message at once', async () => {
      const placed = orders();
      const bus = kit.bus('shop');
      let runs = 0;
      bus.subscribe(placed, () => {
        runs += 1;
        throw new Reject('the customer is gone');
      });
      await bus.start();
      const { dead, bus: undertaker } = collect(placed, 'shop');
      await undertaker.start();
      await bus.publish(placed, { id: 'o1', total: 3 });
      await atLeast(1, dead);
      expect(runs).toBe(1);
      expect(dead[0]?.header(HEADER.errorCode)).toBe('REJECTED');
      expect(dead[0]?.header(HEADER.errorText)).toBe('the customer is gone');
    });

    it('take what cannot be decoded as the bytes that came, without running the handler', async () => {
      const placed = orders();
      const bus = kit.bus('shop');
      const seen: string[] = [];
      bus.subscribe(placed, (order) => void seen.push(order.id));
      await bus.start();
      const { dead, bus: undertaker } = collect(placed, 'shop');
      await undertaker.start();
      const engine = await kit.engine();
      const asXml = new Map([['content-type', new TextEncoder().encode('application/xml')]]);
      await engine.publish([
        message(placed.name, '{"id": broken', { keyText: 'k' }),
        message(placed.name, '<order/>', { keyText: 'k', headers: asXml }),
        message(placed.name, '{"id":"plain","total":1}', { keyText: 'k' }), // no content type: the contract's codec reads it
      ]);
      await atLeast(2, dead);
      await atLeast(1, seen);
      expect(seen).toEqual(['plain']);
      expect(dead.map(({ raw }) => new TextDecoder().decode(raw ?? new Uint8Array()))).toEqual([
        '{"id": broken',
        '<order/>',
      ]);
      expect(dead.map((each) => each.header(HEADER.errorCode))).toEqual(['DECODE_FAILED', 'DECODE_FAILED']);
      expect(dead.map((each) => each.header(HEADER.errorAttempts))).toEqual(['0', '0']);
      expect(dead[1]?.header(HEADER.contentType)).toBe('application/xml');
    });

    it('do not take a message whose handler asks for more time', async () => {
      const placed = orders();
      const bus = kit.bus('shop', { retry: { attempts: 1 } });
      const attempts: number[] = [];
      bus.subscribe(placed, (_, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 5) throw new RetryLater(1);
      });
      await bus.start();
      await bus.publish(placed, { id: 'o1', total: 3 });
      await atLeast(5, attempts);
      expect(attempts).toEqual([1, 2, 3, 4, 5]);
    });
  });
}
