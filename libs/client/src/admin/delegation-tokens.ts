import {
  CreateDelegationToken,
  DescribeDelegationToken,
  ExpireDelegationToken,
  RenewDelegationToken,
} from '@trunkline/protocol';
import type { Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { type CallOptions, wholeNumber } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { whole } from './numbers.js';
import { performOne } from './perform.js';
import { toAnyone, toController } from './routes.js';

/** `User:alice` in its two parts. */
export interface Principal {
  readonly type: string;
  readonly name: string;
}

export interface DelegationToken {
  readonly tokenId: string;
  /** The secret by which the token logs in and is renewed. */
  readonly hmac: Uint8Array;
  readonly owner: Principal;
  /** Who asked for it; undefined with brokers before 3.3. */
  readonly requester: Principal | undefined;
  /** Milliseconds since 1970, as all times here. */
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** No renewal goes beyond. */
  readonly expiresLatestMs: number;
  readonly renewers: readonly Principal[];
}

export interface CreateTokenOptions extends CallOptions {
  /** Who may renew it beside its owner; nobody. */
  readonly renewers?: readonly Principal[];
  /** The broker's [delegation.token.max.lifetime.ms]; milliseconds. */
  readonly maxLifetimeMs?: number;
  /** On whose behalf (brokers from 3.3 on); the caller's own. */
  readonly owner?: Principal;
}

const WITH_OWNER = 3;
const LONGEST_MS = Number.MAX_SAFE_INTEGER;

/** Delegation tokens (KIP-48): log-ins by SCRAM that end by themselves. DELEGATION_TOKEN_AUTH_DISABLED: brokers keep none. */
export class AdminDelegationTokens {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** Makes a token. Not tried again once it may have been made: that would make another one. */
  async create(options: CreateTokenOptions = {}): Promise<DelegationToken> {
    const call = new Call(this.#scope, options);
    const { owner, renewers = [], maxLifetimeMs } = options;
    if (maxLifetimeMs !== undefined) wholeNumber(maxLifetimeMs, 'the maxLifetimeMs', 1, LONGEST_MS);
    const ask = async (target: Target): Promise<DelegationToken> => {
      const { version, body } = await call.ask(
        target,
        CreateDelegationToken,
        (agreed) => ({
          ...(agreed >= WITH_OWNER && {
            ownerPrincipalType: owner?.type ?? null,
            ownerPrincipalName: owner?.name ?? null,
          }),
          renewers: renewers.map(principalOnWire),
          maxLifetimeMs: maxLifetimeMs ?? -1,
        }),
        { versionMin: owner === undefined ? 1 : WITH_OWNER },
      );
      KafkaError.check(body.errorCode, 'a delegation token');
      const { issueTimestampMs, expiryTimestampMs, maxTimestampMs } = body;
      return tokenOf(version, {
        ...body,
        issueTimestamp: issueTimestampMs,
        expiryTimestamp: expiryTimestampMs,
        maxTimestamp: maxTimestampMs,
        renewers: renewers.map(principalOnWire),
      });
    };
    return performOne(call, 'a delegation token', toController(call), ask, { repeatable: false });
  }

  /** Prolongs a token, by the broker's own period unless told; gives when it ends now, milliseconds since 1970. */
  async renew(hmac: Uint8Array, options: CallOptions & { readonly renewPeriodMs?: number } = {}): Promise<number> {
    const call = new Call(this.#scope, options);
    return performOne(call, 'the delegation token', toController(call), async (target) => {
      const { body } = await call.ask(target, RenewDelegationToken, {
        hmac,
        renewPeriodMs: options.renewPeriodMs ?? -1,
      });
      KafkaError.check(body.errorCode, 'the delegation token');
      return whole(body.expiryTimestampMs, 'the end of a token');
    });
  }

  /** Ends a token, at once unless told; gives when it ends, milliseconds since 1970. */
  async expire(hmac: Uint8Array, options: CallOptions & { readonly expiryPeriodMs?: number } = {}): Promise<number> {
    const call = new Call(this.#scope, options);
    return performOne(call, 'the delegation token', toController(call), async (target) => {
      const request = { hmac, expiryTimePeriodMs: options.expiryPeriodMs ?? -1 };
      const { body } = await call.ask(target, ExpireDelegationToken, request);
      KafkaError.check(body.errorCode, 'the delegation token');
      return whole(body.expiryTimestampMs, 'the end of a token');
    });
  }

  /** The tokens that the caller may see; of all owners unless some are named. */
  async describe(owners?: readonly Principal[], options: CallOptions = {}): Promise<readonly DelegationToken[]> {
    const call = new Call(this.#scope, options);
    return performOne(call, 'delegation tokens', toAnyone, async (target) => {
      const request = { owners: owners?.map(principalOnWire) ?? null };
      const { version, body } = await call.ask(target, DescribeDelegationToken, request);
      KafkaError.check(body.errorCode, 'delegation tokens');
      return body.tokens.map((token) => tokenOf(version, token));
    });
  }
}

interface WirePrincipal {
  readonly principalType: string;
  readonly principalName: string;
}

interface WireToken extends WirePrincipal {
  readonly tokenRequesterPrincipalType: string;
  readonly tokenRequesterPrincipalName: string;
  readonly issueTimestamp: bigint;
  readonly expiryTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly tokenId: string;
  readonly hmac: Uint8Array;
  readonly renewers: readonly WirePrincipal[];
}

function principalOnWire({ type, name }: Principal): WirePrincipal {
  return { principalType: type, principalName: name };
}

function tokenOf(version: number, token: WireToken): DelegationToken {
  return {
    tokenId: token.tokenId,
    hmac: new Uint8Array(token.hmac), // A view would keep its whole frame alive.
    owner: { type: token.principalType, name: token.principalName },
    requester:
      version < WITH_OWNER
        ? undefined
        : { type: token.tokenRequesterPrincipalType, name: token.tokenRequesterPrincipalName },
    issuedMs: whole(token.issueTimestamp, 'the begin of a token'),
    expiresMs: whole(token.expiryTimestamp, 'the end of a token'),
    expiresLatestMs: whole(token.maxTimestamp, 'the latest end of a token'),
    renewers: token.renewers.map(({ principalType, principalName }) => ({ type: principalType, name: principalName })),
  };
}
