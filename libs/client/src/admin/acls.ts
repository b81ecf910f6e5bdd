import { CreateAcls, DeleteAcls, DescribeAcls } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import {
  ACL_WORDS,
  type AclOperation,
  type AclPatternType,
  type AclPermission,
  type AclResourceType,
} from './acl-words.js';
import type { CallOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { nothing } from './numbers.js';
import { type KeyKind, type Outcome, Outcomes, failed, succeeded } from './outcome.js';
import { perform, performOne } from './perform.js';
import { toAnyone, toController } from './routes.js';

/** Who may, or may not, do what to what. */
export interface AclBinding {
  readonly resourceType: AclResourceType;
  /** `*`: every one of that type. The cluster's name is `kafka-cluster`. */
  readonly resourceName: string;
  /** `literal` or `prefixed`. */
  readonly patternType: AclPatternType;
  /** `User:alice`; `User:*`: everybody. */
  readonly principal: string;
  /** An address; `*`: any. */
  readonly host: string;
  readonly operation: AclOperation;
  readonly permission: AclPermission;
}

/** What is left out matches everything. `patternType: 'match'`: what holds for a resource of that name. */
export type AclFilter = Partial<AclBinding>;

/** Serves filters as well as bindings: a binding is a filter that leaves nothing out. */
const BINDING: KeyKind<AclFilter> = {
  id: (acl) => JSON.stringify(FIELDS.map((field) => acl[field] ?? null)),
  text: (acl) => `acl ${FIELDS.map((field) => acl[field] ?? 'any').join(' ')}`,
};
const FIELDS = ['resourceType', 'resourceName', 'patternType', 'principal', 'host', 'operation', 'permission'] as const;

/** Access control. SECURITY_DISABLED: the brokers have no authorizer. */
export class AdminAcls {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** Adds bindings; one that is there already is no error. */
  async create(bindings: readonly AclBinding[], options: CallOptions = {}): Promise<Outcomes<AclBinding, void>> {
    const call = new Call(this.#scope, options);
    return perform<AclBinding, void>(call, {
      kind: BINDING,
      keys: bindings,
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const creations = keys.map((binding) => {
          const { resourceType, resourceName, patternType, ...entry } = onWire(binding);
          return { resourceType, resourceName, resourcePatternType: patternType, ...entry };
        });
        const { body } = await call.ask(target, CreateAcls, { creations });
        // The answer has no names: its order is that of the request.
        for (const [index, { errorCode, errorMessage }] of body.results.entries()) {
          const binding = keys[index];
          if (binding !== undefined) rounds.answer(binding, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  /** The bindings that match. */
  async describe(filter: AclFilter = {}, options: CallOptions = {}): Promise<readonly AclBinding[]> {
    const call = new Call(this.#scope, options);
    return performOne(call, 'acls', toAnyone, async (target) => {
      const { body } = await call.ask(target, DescribeAcls, filterOnWire(filter));
      KafkaError.check(body.errorCode, 'acls', body.errorMessage);
      return body.resources.flatMap(({ acls, ...resource }) =>
        acls.map((entry) => fromWire({ ...resource, ...entry })),
      );
    });
  }

  /** Deletes the bindings that match; each filter has those that it found, each with whether it is gone. */
  async delete(
    filters: readonly AclFilter[],
    options: CallOptions = {},
  ): Promise<Outcomes<AclFilter, Outcomes<AclBinding, void>>> {
    const call = new Call(this.#scope, options);
    return perform<AclFilter, Outcomes<AclBinding, void>>(call, {
      kind: BINDING,
      keys: filters,
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, DeleteAcls, { filters: keys.map(filterOnWire) });
        for (const [index, { errorCode, errorMessage, matchingAcls }] of body.filterResults.entries()) {
          const filter = keys[index];
          if (filter === undefined) break;
          rounds.answer(
            filter,
            errorCode,
            errorMessage,
            () => new Outcomes<AclBinding, void>(BINDING, matchingAcls.map(deleted)),
          );
        }
      },
    });
  }
}

interface WireAcl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

interface WireFilter {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

function onWire(binding: AclBinding): WireAcl {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = binding;
  const unsure = [resourceType, patternType, operation, permission].find((word) => word === 'any' || word === 'match');
  if (unsure !== undefined) {
    throw new KafkaError('MISUSE', `${unsure} stands in filters only`, { about: BINDING.text(binding) });
  }
  return {
    resourceType: ACL_WORDS.resourceType.numberOf(known(resourceType)),
    resourceName,
    patternType: ACL_WORDS.patternType.numberOf(known(patternType)),
    principal,
    host,
    operation: ACL_WORDS.operation.numberOf(known(operation)),
    permissionType: ACL_WORDS.permission.numberOf(known(permission)),
  };
}

function filterOnWire(filter: AclFilter): WireFilter {
  const { resourceType = 'any', patternType = 'any', operation = 'any', permission = 'any' } = filter;
  return {
    resourceTypeFilter: ACL_WORDS.resourceType.numberOf(known(resourceType)),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: ACL_WORDS.patternType.numberOf(known(patternType)),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: ACL_WORDS.operation.numberOf(known(operation)),
    permissionType: ACL_WORDS.permission.numberOf(known(permission)),
  };
}

function fromWire(acl: WireAcl): AclBinding {
  return {
    resourceType: ACL_WORDS.resourceType.wordOf(acl.resourceType),
    resourceName: acl.resourceName,
    patternType: ACL_WORDS.patternType.wordOf(acl.patternType),
    principal: acl.principal,
    host: acl.host,
    operation: ACL_WORDS.operation.wordOf(acl.operation),
    permission: ACL_WORDS.permission.wordOf(acl.permissionType),
  };
}

function deleted(
  acl: WireAcl & { errorCode: number; errorMessage: string | null },
): readonly [AclBinding, Outcome<void>] {
  const binding = fromWire(acl);
  const error = KafkaError.ofCode(acl.errorCode, BINDING.text(binding), acl.errorMessage);
  return [binding, error === undefined ? succeeded(undefined) : failed(error)];
}

/** What a newer broker told in words that this client does not know cannot be asked for. */
function known<Word extends string>(word: Word): Exclude<Word, 'unknown'> {
  if (word !== 'unknown') return word as Exclude<Word, 'unknown'>;
  throw new KafkaError('MISUSE', 'unknown stands only in what brokers told');
}
