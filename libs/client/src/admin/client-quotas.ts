import { AlterClientQuotas, DescribeClientQuotas } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { CallOptions, ChangeOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { nothing } from './numbers.js';
import type { KeyKind, Outcomes } from './outcome.js';
import { perform, performOne } from './perform.js';
import { toAnyone, toController } from './routes.js';

/** Whom a quota holds for: by type (`user`, `client-id`, `ip`) the name; null is the type's default. */
export type QuotaEntity = Readonly<Record<string, string | null>>;

/** By type the name, null for the default, or `any` for every entity that names the type. */
export type QuotaFilter = Readonly<Record<string, string | null | { readonly any: true }>>;

export interface ClientQuota {
  readonly entity: QuotaEntity;
  /** `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, `controller_mutation_rate`, `connection_creation_rate`. */
  readonly values: ReadonlyMap<string, number>;
}

export interface QuotaChange {
  readonly entity: QuotaEntity;
  readonly set?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
}

export interface DescribeQuotasOptions extends CallOptions {
  /** Only entities with no other types than the filter's; false. */
  readonly strict?: boolean;
}

const ENTITY: KeyKind<QuotaEntity> = {
  id: (entity) => JSON.stringify(sorted(entity)),
  text: (entity) =>
    `quota of ${sorted(entity)
      .map(([type, name]) => `${type} ${name ?? '(default)'}`)
      .join(', ')}`,
};

const MATCH = { exact: 0, default: 1, any: 2 };

/** Quotas of users, clients and addresses (KIP-546). */
export class AdminClientQuotas {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** The quotas whose entities match all of the filter; all quotas without one. */
  async describe(filter: QuotaFilter = {}, options: DescribeQuotasOptions = {}): Promise<readonly ClientQuota[]> {
    const call = new Call(this.#scope, options);
    const components = Object.entries(filter).map(([entityType, wanted]) => {
      if (wanted === null) return { entityType, matchType: MATCH.default, match: null };
      if (typeof wanted === 'string') return { entityType, matchType: MATCH.exact, match: wanted };
      return { entityType, matchType: MATCH.any, match: null };
    });
    return performOne(call, 'client quotas', toAnyone, async (target) => {
      const { body } = await call.ask(target, DescribeClientQuotas, { components, strict: options.strict ?? false });
      KafkaError.check(body.errorCode, 'client quotas', body.errorMessage);
      return (body.entries ?? []).map(({ entity, values }) => ({
        entity: entityOf(entity),
        values: new Map(values.map(({ key, value }) => [key, value])),
      }));
    });
  }

  /** Sets and removes quotas. An entity's changes are made together or not at all. */
  async alter(changes: readonly QuotaChange[], options: ChangeOptions = {}): Promise<Outcomes<QuotaEntity, void>> {
    const call = new Call(this.#scope, options);
    const opsOf = new Map(changes.map((change) => [ENTITY.id(change.entity), operations(change)]));
    return perform<QuotaEntity, void>(call, {
      kind: ENTITY,
      keys: changes.map(({ entity }) => entity),
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, AlterClientQuotas, {
          entries: keys.map((entity) => ({
            entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
            ops: opsOf.get(ENTITY.id(entity)) ?? [],
          })),
          validateOnly: options.validateOnly ?? false,
        });
        rounds.throttled(body.throttleTimeMs);
        for (const { entity, errorCode, errorMessage } of body.entries) {
          rounds.answer(entityOf(entity), errorCode, errorMessage, nothing);
        }
      },
    });
  }
}

function sorted(entity: QuotaEntity): [string, string | null][] {
  return Object.entries(entity).toSorted(([left], [right]) => (left < right ? -1 : 1));
}

/** Broker's words become no properties of a plain object's own kind: `__proto__` is a name like any other. */
function entityOf(parts: readonly { readonly entityType: string; readonly entityName: string | null }[]): QuotaEntity {
  return Object.fromEntries(parts.map(({ entityType, entityName }) => [entityType, entityName]));
}

function operations({ set = {}, remove = [] }: QuotaChange): { key: string; value: number; remove: boolean }[] {
  return [
    ...Object.entries(set).map(([key, value]) => ({ key, value, remove: false })),
    ...remove.map((key) => ({ key, value: 0, remove: true })),
  ];
}
