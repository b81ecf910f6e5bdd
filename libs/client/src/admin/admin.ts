import type { Cluster } from '../cluster/cluster.js';
import { AdminAcls } from './acls.js';
import { type AdminOptions, type AdminSettings, adminSettings } from './admin-options.js';
import type { AdminScope } from './call.js';
import { AdminClientQuotas } from './client-quotas.js';
import { AdminCluster } from './cluster-area.js';
import { AdminConfigs } from './configs.js';
import { AdminDelegationTokens } from './delegation-tokens.js';
import { AdminGroups } from './groups.js';
import { AdminOffsets } from './offsets.js';
import { AdminScram } from './scram.js';
import { AdminShareGroups } from './share-groups.js';
import { AdminTopics } from './topics.js';
import { AdminTransactions } from './transactions.js';

/**
 * The cluster's administration, by area. Every call has a time limit, and asks again for what has moved until it is over.
 *
 * A call about several items resolves with {@link Outcomes}: what became of each. It rejects with KafkaError when no
 * item got an answer (UNREACHABLE, TIMED_OUT, UNSUPPORTED_BROKER with the API's name, ...), when it was misused, and when
 * it was ended by its signal or by `close`. A call about one thing rejects with its error.
 */
export class Admin {
  readonly settings: AdminSettings;
  readonly topics: AdminTopics;
  readonly configs: AdminConfigs;
  readonly groups: AdminGroups;
  readonly shareGroups: AdminShareGroups;
  readonly offsets: AdminOffsets;
  readonly transactions: AdminTransactions;
  readonly cluster: AdminCluster;
  readonly acls: AdminAcls;
  readonly scram: AdminScram;
  readonly delegationTokens: AdminDelegationTokens;
  readonly clientQuotas: AdminClientQuotas;
  readonly #scope: AdminScope;
  readonly #closing = new AbortController();

  /** Throws MISUSE for an option that cannot be meant. The cluster stays its owner's. */
  constructor(cluster: Cluster, options: AdminOptions = {}) {
    this.settings = adminSettings(options);
    const lane = `admin-${cluster.ports.random.below(LANES)}`;
    const scope: AdminScope = { cluster, settings: this.settings, lane, closing: this.#closing.signal };
    this.#scope = scope;
    this.topics = new AdminTopics(scope);
    this.configs = new AdminConfigs(scope);
    this.groups = new AdminGroups(scope);
    this.shareGroups = new AdminShareGroups(scope);
    this.offsets = new AdminOffsets(scope);
    this.transactions = new AdminTransactions(scope);
    this.cluster = new AdminCluster(scope);
    this.acls = new AdminAcls(scope);
    this.scram = new AdminScram(scope);
    this.delegationTokens = new AdminDelegationTokens(scope);
    this.clientQuotas = new AdminClientQuotas(scope);
  }

  /** Ends every call that goes on with CLOSED, and closes the admin's connections. What was sent may still have its effect. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#scope.cluster.closeLane(this.#scope.lane);
    await Promise.resolve();
  }
}

const LANES = 2 ** 32;
