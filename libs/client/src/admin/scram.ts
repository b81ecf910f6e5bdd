import { utf8 } from '@trunkline/kernel';
import { AlterUserScramCredentials, DescribeUserScramCredentials } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { type CallOptions, wholeNumber } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { USER, grouped } from './keys.js';
import { nothing } from './numbers.js';
import { type Outcome, Outcomes, attempt } from './outcome.js';
import { perform, performOne } from './perform.js';
import { toAnyone, toController } from './routes.js';
import { words } from './words.js';

const MECHANISMS = words('the mechanism', { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 });
const HASHES = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const;

export type ScramMechanism = (typeof MECHANISMS.all)[number];

/** That a user has a credential; what it is no broker tells. */
export interface ScramCredential {
  readonly mechanism: ScramMechanism | 'unknown';
  readonly iterations: number;
}

export interface ScramUpsertion {
  readonly user: string;
  readonly mechanism: ScramMechanism;
  /** Only its salted hash leaves the client. */
  readonly password: string;
  /** Of PBKDF2; brokers take 4,096 to 16,384; 4,096. */
  readonly iterations?: number;
  /** Random; 16 to 1,024 bytes. */
  readonly salt?: Uint8Array;
}

export interface ScramDeletion {
  readonly user: string;
  readonly mechanism: ScramMechanism;
}

export interface ScramChanges {
  readonly set?: readonly ScramUpsertion[];
  readonly remove?: readonly ScramDeletion[];
}

const ITERATIONS = { default: 4_096, least: 4_096, most: 16_384 };
const SALT_BYTES = { default: 32, least: 16, most: 1_024 };

/** Users' SCRAM credentials, as brokers keep them (KIP-554). */
export class AdminScram {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** Which credentials users have; of all users unless some are named. RESOURCE_NOT_FOUND: the user has none. */
  async describe(
    users?: readonly string[],
    options: CallOptions = {},
  ): Promise<Outcomes<string, readonly ScramCredential[]>> {
    const call = new Call(this.#scope, options);
    if (users?.length === 0) return new Outcomes<string, readonly ScramCredential[]>(USER, []); // Brokers take it for all.
    return performOne(call, 'scram credentials', toAnyone, async (target) => {
      const request = { users: users?.map((name) => ({ name })) ?? null };
      const { body } = await call.ask(target, DescribeUserScramCredentials, request);
      KafkaError.check(body.errorCode, 'scram credentials', body.errorMessage);
      return new Outcomes(
        USER,
        body.results.map((told): readonly [string, Outcome<readonly ScramCredential[]>] => [
          told.user,
          attempt(() => {
            KafkaError.check(told.errorCode, USER.text(told.user), told.errorMessage);
            return told.credentialInfos.map(({ mechanism, iterations }) => ({
              mechanism: MECHANISMS.wordOf(mechanism),
              iterations,
            }));
          }),
        ]),
      );
    });
  }

  /**
   * Sets and removes credentials, by user. A user may be named once in a call: brokers refuse more with
   * DUPLICATE_RESOURCE, whatever the mechanisms. Users with an error keep what they had.
   *
   * Rejects with MISUSE when the client has no hashes port.
   */
  async alter(changes: ScramChanges, options: CallOptions = {}): Promise<Outcomes<string, void>> {
    const call = new Call(this.#scope, options);
    const { set = [], remove = [] } = changes;
    const salted: {
      name: string;
      mechanism: number;
      iterations: number;
      salt: Uint8Array;
      saltedPassword: Uint8Array;
    }[] = [];
    for (const upsertion of set) salted.push(await this.#salted(upsertion));
    const deletions = remove.map(({ user, mechanism }) => ({ name: user, mechanism: MECHANISMS.numberOf(mechanism) }));
    const upsertionsOf = grouped(salted, ({ name }) => name);
    const deletionsOf = grouped(deletions, ({ name }) => name);
    return perform<string, void>(call, {
      kind: USER,
      keys: [...new Set([...upsertionsOf.keys(), ...deletionsOf.keys()])],
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, AlterUserScramCredentials, {
          deletions: keys.flatMap((user) => deletionsOf.get(user) ?? []),
          upsertions: keys.flatMap((user) => upsertionsOf.get(user) ?? []),
        });
        for (const { user, errorCode, errorMessage } of body.results) {
          rounds.answer(user, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  async #salted({ user, mechanism, password, iterations = ITERATIONS.default, salt }: ScramUpsertion): Promise<{
    name: string;
    mechanism: number;
    iterations: number;
    salt: Uint8Array;
    saltedPassword: Uint8Array;
  }> {
    const { hashes, random } = this.#scope.cluster.ports;
    const about = USER.text(user);
    if (hashes === undefined)
      throw new KafkaError('MISUSE', 'the client was made without hashes, which SCRAM needs', { about });
    if (password === '') throw new KafkaError('MISUSE', 'the password is empty', { about });
    wholeNumber(iterations, `the iterations of ${about}`, ITERATIONS.least, ITERATIONS.most);
    const own = salt ?? Uint8Array.from({ length: SALT_BYTES.default }, () => random.below(256));
    wholeNumber(own.length, `the number of bytes of the salt of ${about}`, SALT_BYTES.least, SALT_BYTES.most);
    const number = MECHANISMS.numberOf(mechanism);
    const saltedPassword = await hashes.pbkdf2(HASHES[mechanism], utf8(password), own, iterations);
    return { name: user, mechanism: number, iterations, salt: own, saltedPassword };
  }
}
