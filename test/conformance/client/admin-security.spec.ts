import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AclBinding, type Admin, KafkaClient, type QuotaEntity } from '@trunkline/client';
import { freePort, startApacheKafka } from '@trunkline/testing';
import { AdminWorld, describeAdmin, eventually } from './admin-kit.js';
import { codeOf } from './client-kit.js';
import { freePortPair, kafkaBrokersWith, nodePorts } from './brokers.js';

const apache = kafkaBrokersWith('transactions');

describeAdmin(
  'credentials',
  (world) => {
    const of = async (user: string) => {
      const outcome = (await world().admin.scram.describe([user])).get(user);
      return outcome?.ok === true ? outcome.value : outcome?.error.code;
    };

    it('are set, told and taken away', async () => {
      const { scram } = world().admin;
      const user = world().name('user');
      (await scram.alter({ set: [{ user, mechanism: 'SCRAM-SHA-256', password: 'hush', iterations: 8_192 }] })).check();
      await eventually(() => of(user), [{ mechanism: 'SCRAM-SHA-256' as const, iterations: 8_192 }]);
      (await scram.alter({ remove: [{ user, mechanism: 'SCRAM-SHA-256' }] })).check();
      await eventually(() => of(user), 'RESOURCE_NOT_FOUND' as const);
    });

    it('of many users are set with one call', async () => {
      const { scram } = world().admin;
      const users = [world().name('user'), world().name('user')];
      const set = users.map((user) => ({ user, mechanism: 'SCRAM-SHA-512' as const, password: 'hush' }));
      (await scram.alter({ set })).check();
      for (const user of users)
        await eventually(() => of(user), [{ mechanism: 'SCRAM-SHA-512' as const, iterations: 4_096 }]);
      (await scram.alter({ remove: set })).check();
    });

    it('of all users are told when none is named', async () => {
      const user = world().name('user');
      const { scram } = world().admin;
      (await scram.alter({ set: [{ user, mechanism: 'SCRAM-SHA-256', password: 'hush' }] })).check();
      await eventually(async () => (await scram.describe()).get(user)?.ok, true);
      (await scram.alter({ remove: [{ user, mechanism: 'SCRAM-SHA-256' }] })).check();
    });

    it('of a user that is none cannot be taken away, others are set', async () => {
      const { scram } = world().admin;
      const user = world().name('user');
      const altered = await scram.alter({
        set: [{ user, mechanism: 'SCRAM-SHA-256', password: 'hush' }],
        remove: [{ user: 'admin-no-such-user', mechanism: 'SCRAM-SHA-256' }],
      });
      expect(altered.get(user)?.ok).toBe(true);
      expect(altered.get('admin-no-such-user')?.error?.code).toBe('RESOURCE_NOT_FOUND');
      (await scram.alter({ remove: [{ user, mechanism: 'SCRAM-SHA-256' }] })).check();
    });

    it('of one user are not changed twice in a call', async () => {
      const user = world().name('user');
      const altered = await world().admin.scram.alter({
        set: [
          { user, mechanism: 'SCRAM-SHA-256', password: 'hush' },
          { user, mechanism: 'SCRAM-SHA-512', password: 'hush' },
        ],
      });
      expect(altered.get(user)?.error?.code).toBe('DUPLICATE_RESOURCE');
    });

    it('are not made with too few iterations, or without a password', async () => {
      const { scram } = world().admin;
      const weak = { user: 'u', mechanism: 'SCRAM-SHA-256' as const, password: 'hush', iterations: 1_000 };
      expect(await codeOf(scram.alter({ set: [weak] }))).toBe('MISUSE');
      expect(await codeOf(scram.alter({ set: [{ ...weak, iterations: 4_096, password: '' }] }))).toBe('MISUSE');
    });

    it('are not made by a client without hashes', async () => {
      const { hashes: _hashes, ...without } = nodePorts();
      const client = new KafkaClient({ bootstrap: world().running.bootstrap }, without);
      const admin = world().another({}, client);
      const set = [{ user: 'u', mechanism: 'SCRAM-SHA-256' as const, password: 'hush' }];
      expect(await codeOf(admin.scram.alter({ set }))).toBe('MISUSE');
      await admin.close();
      await client.close();
    });
  },
  apache,
);

describeAdmin(
  'quotas',
  (world) => {
    const entity = (): QuotaEntity => ({ user: world().name('user'), 'client-id': 'mail' });

    it('are set, told and taken away', async () => {
      const { clientQuotas } = world().admin;
      const whom = entity();
      const told = async () =>
        (await clientQuotas.describe(whom)).flatMap(({ values }) => [...values].flat().map(String).toSorted());
      (
        await clientQuotas.alter([{ entity: whom, set: { producer_byte_rate: 1_000, request_percentage: 12.5 } }])
      ).check();
      await eventually(told, ['1000', '12.5', 'producer_byte_rate', 'request_percentage']);
      expect((await clientQuotas.describe(whom))[0]?.entity).toEqual(whom);
      (await clientQuotas.alter([{ entity: whom, remove: ['producer_byte_rate', 'request_percentage'] }])).check();
      await eventually(told, []);
    });

    it('of the default of a type are told apart from those of a name', async () => {
      const { clientQuotas } = world().admin;
      const whom = { user: world().name('user'), 'client-id': null };
      (await clientQuotas.alter([{ entity: whom, set: { consumer_byte_rate: 5 } }])).check();
      await eventually(async () => (await clientQuotas.describe({ ...whom })).length, 1);
      expect(await clientQuotas.describe({ ...whom, 'client-id': 'mail' })).toEqual([]);
      expect((await clientQuotas.describe({ user: whom.user, 'client-id': { any: true } })).length).toBe(1);
      (await clientQuotas.alter([{ entity: whom, remove: ['consumer_byte_rate'] }])).check();
    });

    it('are told strictly when that is wanted', async () => {
      const { clientQuotas } = world().admin;
      const whom = entity();
      (await clientQuotas.alter([{ entity: whom, set: { consumer_byte_rate: 5 } }])).check();
      const filter = { user: whom['user']! };
      await eventually(async () => (await clientQuotas.describe(filter)).length, 1);
      expect(await clientQuotas.describe(filter, { strict: true })).toEqual([]);
      (await clientQuotas.alter([{ entity: whom, remove: ['consumer_byte_rate'] }])).check();
    });

    it('are only checked when that is wanted', async () => {
      const { clientQuotas } = world().admin;
      const whom = entity();
      (await clientQuotas.alter([{ entity: whom, set: { consumer_byte_rate: 5 } }], { validateOnly: true })).check();
      expect(await clientQuotas.describe(whom)).toEqual([]);
    });

    it('that are none are refused, others are set', async () => {
      const { clientQuotas } = world().admin;
      const [good, bad] = [entity(), entity()];
      const altered = await clientQuotas.alter([
        { entity: good, set: { consumer_byte_rate: 5 } },
        { entity: bad, set: { no_such_rate: 5 } },
      ]);
      expect(altered.get(good)?.ok).toBe(true);
      expect(altered.get(bad)?.error?.code).toBe('INVALID_REQUEST');
      (await clientQuotas.alter([{ entity: good, remove: ['consumer_byte_rate'] }])).check();
    });

    it('without an authorizer there are no acls', async () => {
      const { acls } = world().admin;
      expect(await codeOf(acls.describe())).toBe('SECURITY_DISABLED');
      const outcomes = await acls.create([binding('nobody')]);
      expect(outcomes.failures[0]?.[1].code).toBe('SECURITY_DISABLED');
    });

    it('delegation tokens are not for clients that nobody knows', async () => {
      expect(await codeOf(world().admin.delegationTokens.create())).toBe('DELEGATION_TOKEN_REQUEST_NOT_ALLOWED');
    });
  },
  apache,
);

function binding(user: string, over: Partial<AclBinding> = {}): AclBinding {
  return {
    resourceType: 'topic',
    resourceName: 'orders',
    patternType: 'literal',
    principal: `User:${user}`,
    host: '*',
    operation: 'read',
    permission: 'allow',
    ...over,
  };
}

const JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

for (const tested of apache)
  describe(`a secured ${tested.name}`, () => {
    let world: AdminWorld;
    let admin: Admin;
    let alice: Admin;

    let saslBootstrap: string;

    beforeAll(async () => {
      const port = await freePortPair();
      saslBootstrap = `127.0.0.1:${await freePort()}`;
      const listeners = `PLAINTEXT://127.0.0.1:${port},SASL_PLAINTEXT://${saslBootstrap}`;
      const running = await startApacheKafka({
        port,
        properties: {
          listeners: `${listeners},CONTROLLER://127.0.0.1:${port + 1}`,
          'advertised.listeners': listeners,
          'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT',
          'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
          'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${JAAS} user_alice="secret" user_bob="hush";`,
          'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
            'org.apache.kafka.common.security.scram.ScramLoginModule required;',
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS;User:alice',
          'delegation.token.secret.key': 'a secret of this test',
        },
      });
      world = new AdminWorld(running, tested);
      admin = world.admin;
      alice = adminOf('alice', 'secret');
    });
    afterAll(() => world?.close());

    const clients: KafkaClient[] = [];
    afterAll(async () => {
      for (const client of clients) await client.close();
    });

    function adminOf(username: string, password: string, token = false): Admin {
      const sasl = token
        ? ({ mechanism: 'SCRAM-SHA-256', username, password, tokenAuthentication: true } as const)
        : ({ mechanism: 'PLAIN', username, password } as const);
      const client = new KafkaClient({ bootstrap: saslBootstrap, sasl }, nodePorts());
      clients.push(client);
      return world.another({}, client);
    }

    it('takes acls, tells them and deletes them', async () => {
      const [read, write] = [binding('u1'), binding('u1', { operation: 'write', patternType: 'prefixed' })];
      (await admin.acls.create([read, write])).check();
      const told = async () => (await admin.acls.describe({ principal: 'User:u1' })).length;
      await eventually(told, 2);
      expect(await admin.acls.describe({ principal: 'User:u1', operation: 'read' })).toEqual([read]);
      const filter = { principal: 'User:u1' };
      const deleted = (await admin.acls.delete([filter])).value(filter);
      expect(deleted.size).toBe(2);
      expect(deleted.get(write)?.ok).toBe(true);
      await eventually(told, 0);
    });

    it('tells acls that hold for a name, whatever their pattern', async () => {
      const prefixed = binding('u2', { resourceName: 'ord', patternType: 'prefixed' });
      (await admin.acls.create([prefixed])).check();
      const match = {
        resourceType: 'topic',
        resourceName: 'orders',
        patternType: 'match',
        principal: 'User:u2',
      } as const;
      await eventually(() => admin.acls.describe(match), [prefixed] as readonly AclBinding[]);
      expect(await admin.acls.describe({ ...match, patternType: 'literal' })).toEqual([]);
      await admin.acls.delete([{ principal: 'User:u2' }]);
    });

    it('refuses an acl that cannot be, and takes the others', async () => {
      const [good, bad] = [binding('u3'), binding('u3', { principal: 'no principal' })];
      const created = await admin.acls.create([good, bad]);
      expect(created.get(good)?.ok).toBe(true);
      expect(created.get(bad)?.ok).toBe(false);
      await admin.acls.delete([{ principal: 'User:u3' }]);
    });

    it('is not asked for an acl of any operation', async () => {
      expect(await codeOf(admin.acls.create([binding('u4', { operation: 'any' })]))).toBe('MISUSE');
    });

    it('finds nothing to delete where nothing matches', async () => {
      const filter = { principal: 'User:nobody' };
      expect((await admin.acls.delete([filter])).value(filter).size).toBe(0);
    });

    it('refuses who may not, item by item', async () => {
      const bob = adminOf('bob', 'hush');
      const name = world.name('bob');
      expect((await bob.topics.create([{ name }])).get(name)?.error?.code).toMatch(/AUTHORIZATION_FAILED/);
      expect(await codeOf(bob.acls.describe())).toBe('CLUSTER_AUTHORIZATION_FAILED');
      const topic = await world.topic({ partitions: 1 });
      expect((await bob.topics.describe([topic])).get(topic)?.error?.code).toBe('TOPIC_AUTHORIZATION_FAILED');
      const found = await bob.offsets.list([{ topic, partition: 0, at: 'latest' }]);
      expect(found.get({ topic, partition: 0 })?.error?.code).toBe('TOPIC_AUTHORIZATION_FAILED');
      expect((await bob.topics.list()).map((listed) => listed.name)).not.toContain(topic);
    });

    it('lets who may as soon as an acl says so', async () => {
      const bob = adminOf('bob', 'hush');
      const topic = await world.topic({ partitions: 1 });
      (await admin.acls.create([binding('bob', { resourceName: topic, operation: 'describe' })])).check();
      await eventually(async () => (await bob.topics.describe([topic])).get(topic)?.ok, true);
      await admin.acls.delete([{ principal: 'User:bob' }]);
    });

    it('makes, tells, renews and ends delegation tokens', async () => {
      const { delegationTokens } = alice;
      const token = await delegationTokens.create({
        renewers: [{ type: 'User', name: 'bob' }],
        maxLifetimeMs: 3_600_000,
      });
      expect(token.owner).toEqual({ type: 'User', name: 'alice' });
      expect(token.expiresLatestMs - token.issuedMs).toBe(3_600_000);
      await eventually(async () => (await delegationTokens.describe()).length, 1);
      expect((await delegationTokens.describe())[0]).toEqual(token);
      expect(await delegationTokens.describe([{ type: 'User', name: 'carol' }])).toEqual([]);
      expect(await delegationTokens.renew(token.hmac, { renewPeriodMs: 60_000 })).toBeLessThan(token.expiresLatestMs);
      await delegationTokens.expire(token.hmac);
      await eventually(async () => (await delegationTokens.describe()).length, 0);
    });

    it('lets a client in by a delegation token', async () => {
      const token = await alice.delegationTokens.create();
      const hmac = Buffer.from(token.hmac).toString('base64');
      const byToken = adminOf(token.tokenId, hmac, true);
      await eventually(async () => await codeOf(byToken.cluster.describe()), 'no error');
      await alice.delegationTokens.expire(token.hmac);
    });

    it('renews no delegation token that is none', async () => {
      expect(await codeOf(alice.delegationTokens.renew(new Uint8Array(32)))).toBe('DELEGATION_TOKEN_NOT_FOUND');
      expect(await codeOf(alice.delegationTokens.expire(new Uint8Array(32)))).toBe('DELEGATION_TOKEN_NOT_FOUND');
    });
  });
