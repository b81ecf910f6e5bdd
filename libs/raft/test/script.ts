import { nodeId, type NodeId, type Uuid } from '@trunkline/kernel';
import type { Effects, Input, RaftOptions, RaftRequest, RaftResponse, Voter } from '../src/index.js';
import { ScriptNode, bytesOf, textOf } from './script-node.js';
import { effectTexts, outcomeTexts, requestText, responseText } from './script-text.js';

type Message =
  | {
      readonly kind: 'request';
      readonly from: NodeId;
      readonly to: NodeId;
      readonly correlation: number;
      readonly request: RaftRequest;
    }
  | {
      readonly kind: 'response';
      readonly from: NodeId;
      readonly to: NodeId;
      readonly correlation: number;
      readonly response: RaftResponse;
      readonly of: RaftRequest;
    };

interface Asker {
  /** Undefined: the script itself. */
  readonly from: NodeId | undefined;
  readonly correlation: number;
  readonly request: RaftRequest;
}

const QUIET_ROUNDS_MAX = 1000;

/** Plays a script, one command a line, and gives its transcript. Nothing happens that no line says. */
export function play(script: string): string {
  return new Script().play(script);
}

class Script {
  readonly #nodes = new Map<number, ScriptNode>();
  readonly #lines: string[] = [];
  #messages: Message[] = [];
  readonly #askers = new Map<number, Asker>();
  /** Who waits for whose answer. */
  readonly #parked = new Map<number, { readonly at: number; readonly from: NodeId; readonly correlation: number }>();
  readonly #refusing = new Set<number>();
  readonly #cut = new Set<string>();
  #nowMs = 0;
  #tickets = 0;
  #isQuiet = false;
  #voters: readonly Voter[] = [];

  readonly #commands: Readonly<Record<string, (first: number, second: number, words: readonly string[]) => void>> = {
    voters: (_first, _second, words) => this.#found(words.map(Number)),
    observer: (id) => this.#join(id),
    elapse: (ms) => this.#elapse(ms),
    stand: (id) => {
      this.#nowMs = Math.max(this.#nowMs, this.#node(id).wakeAtMs);
      this.#step(id, { kind: 'tick' });
    },
    deliver: () => this.#deliver(),
    settle: () => this.#settle(),
    cut: (one, other) => void this.#cut.add(`${one} ${other}`).add(`${other} ${one}`),
    isolate: (id) => {
      for (const other of this.#nodes.keys()) this.#cut.add(`${id} ${other}`).add(`${other} ${id}`);
    },
    heal: () => this.#cut.clear(),
    lose: () => void (this.#messages = []),
    propose: (id, _second, [, text = '']) => {
      const { epoch } = this.#node(id).raft.status();
      this.#step(id, { kind: 'propose', ticket: ++this.#tickets, epoch, count: 1, bytes: bytesOf(text) });
    },
    slow: (id) => void (this.#node(id).isSlow = true),
    synced: (id) => {
      this.#node(id).isSlow = false;
      this.#sync(id);
    },
    crash: (id) => this.#crash(id),
    kill: (id) => this.#kill(id),
    start: (id) => this.#start(id),
    wipe: (id) => this.#node(id).wipe(`disk-${id}b` as Uuid),
    listen: (id, _second, [, host = '', port]) => this.#node(id).listen(host, Number(port)),
    damage: (id, endOffset) => this.#damage(id, endOffset),
    snapshot: (id) => this.#step(id, { kind: 'snapshot-taken', id: this.#node(id).takeSnapshot() }),
    resign: (id) => this.#step(id, { kind: 'resign' }),
    add: (id, _second, [, who = '']) => this.#change('add', id, who),
    remove: (id, _second, [, who = '']) => this.#change('remove', id, who),
    roles: () => this.#roles(),
    logs: () => this.#logs(),
  };

  play(script: string): string {
    for (const line of script.split('\n').map((each) => each.trim())) {
      if (line === '') continue;
      const isQuiet = line.startsWith('quietly ');
      this.#lines.push(`> ${line}`);
      this.#isQuiet = isQuiet;
      this.#command((isQuiet ? line.slice('quietly '.length) : line).split(' '));
    }
    return this.#lines.join('\n');
  }

  #command([verb = '', ...words]: readonly string[]): void {
    const command = this.#commands[verb];
    if (command === undefined) throw new Error(`no such command: ${verb}`);
    const [first = 0, second = 0] = words.map(Number);
    command(first, second, words);
  }

  #node(id: number): ScriptNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  #say(line: string): void {
    if (!this.#isQuiet) this.#lines.push(`  ${line}`);
  }

  #found(ids: readonly number[]): void {
    this.#voters = ids.map((id) => ({ id: nodeId(id), directoryId: `disk-${id}` as Uuid, endpoints: [] }));
    for (const id of ids) {
      this.#nodes.set(id, new ScriptNode(nodeId(id), `disk-${id}` as Uuid, { initialVoters: this.#voters }));
      this.#start(id);
    }
  }

  #join(id: number): void {
    const options: Partial<RaftOptions> = { bootstrapPeers: this.#voters };
    this.#nodes.set(id, new ScriptNode(nodeId(id), `disk-${id}` as Uuid, options));
    this.#start(id);
  }

  #start(id: number): void {
    this.#refusing.delete(id);
    this.#node(id).start();
    this.#step(id, { kind: 'tick' });
  }

  #crash(id: number): void {
    const node = this.#node(id);
    node.crash();
    this.#messages = this.#messages.filter(({ from, to }) => from !== node.id && to !== node.id);
  }

  /** Its process ends, its machine lives: connections are reset, and new ones are refused. */
  #kill(id: number): void {
    const asking = [...this.#parked].filter(([, { at }]) => at === id);
    this.#crash(id);
    this.#refusing.add(id);
    for (const [ticket, { from, correlation }] of asking) {
      this.#parked.delete(ticket);
      this.#step(from, { kind: 'unanswered', correlation, refused: false });
    }
  }

  /** The end of its log is gone, though it was synced; its storage has noticed. */
  #damage(id: number, endOffset: number): void {
    const node = this.#node(id);
    node.log = node.log.filter(({ baseOffset }) => baseOffset < endOffset);
    node.hard = { ...node.hard, needsRepair: true };
  }

  #change(verb: 'add' | 'remove', leader: number, who: string): void {
    const id = Number.parseInt(who, 10);
    const directory = who.includes('-') ? who.slice(who.indexOf('-') + 1) : `disk-${id}`;
    const key = { voterId: nodeId(id), voterDirectoryId: directory as Uuid };
    const request: RaftRequest =
      verb === 'add'
        ? { api: 'add-raft-voter', clusterId: 'c', timeoutMs: 1000, listeners: [], ackWhenCommitted: true, ...key }
        : { api: 'remove-raft-voter', clusterId: 'c', ...key };
    this.#ask(leader, { from: undefined, correlation: 0, request });
  }

  #ask(to: number, asker: Asker): void {
    const ticket = ++this.#tickets;
    this.#askers.set(ticket, asker);
    if (asker.from !== undefined)
      this.#parked.set(ticket, { at: to, from: asker.from, correlation: asker.correlation });
    this.#step(to, { kind: 'request', ticket, request: asker.request });
  }

  #step(id: number, input: Input): void {
    const node = this.#node(id);
    const effects = node.step(input, this.#nowMs);
    for (const line of effectTexts(id, effects)) this.#say(line);
    this.#post(node, effects);
    for (const line of outcomeTexts(id, effects)) this.#say(line);
    if (effects.installSnapshot !== undefined) this.#install(node, effects.installSnapshot.endOffset);
    if (!node.isSlow) this.#sync(id);
  }

  #sync(id: number): void {
    const node = this.#node(id);
    const mark = node.waiting;
    node.waiting = undefined;
    if (mark !== undefined && node.isUp) this.#step(id, { kind: 'stable', ...mark });
  }

  #install(node: ScriptNode, endOffset: number): void {
    for (const { snapshots } of this.#nodes.values()) {
      const found = snapshots.find(({ id }) => id.endOffset === endOffset);
      if (found !== undefined) return this.#step(node.id, node.install(found));
    }
  }

  #post(node: ScriptNode, { send, answers }: Effects): void {
    for (const { to, correlation, request } of send) {
      this.#say(`${node.id} -> ${to.id} ${requestText(request)}`);
      this.#messages.push({ kind: 'request', from: node.id, to: to.id, correlation, request });
    }
    for (const { ticket, response, readLog, readSnapshot } of answers) {
      const asker = this.#askers.get(ticket);
      if (asker === undefined) continue;
      this.#askers.delete(ticket);
      this.#parked.delete(ticket);
      const full = fill(node, response, readLog, readSnapshot);
      if (asker.from === undefined) {
        this.#say(`${node.id} answers ${requestText(asker.request)}: ${responseText(full)}`);
        continue;
      }
      this.#say(`${node.id} -> ${asker.from} ${responseText(full)}`);
      const { from: to, correlation, request: of } = asker;
      this.#messages.push({ kind: 'response', from: node.id, to, correlation, response: full, of });
    }
  }

  /** Everything that is on its way now arrives, or is lost. */
  #deliver(): void {
    const arriving = this.#messages;
    this.#messages = [];
    for (const message of arriving) {
      const { from, to, correlation } = message;
      const target = this.#nodes.get(to);
      if (message.kind === 'request' && this.#refusing.has(to)) {
        this.#step(from, { kind: 'unanswered', correlation, refused: true });
      }
      if (target?.isUp !== true || this.#cut.has(`${from} ${to}`)) continue;
      if (message.kind === 'request') this.#ask(to, { from, correlation, request: message.request });
      else this.#step(to, { kind: 'response', correlation, response: message.response });
    }
  }

  #settle(): void {
    for (let round = 0; this.#messages.length > 0; round++) {
      if (round > QUIET_ROUNDS_MAX) throw new Error('the nodes do not come to rest');
      this.#deliver();
    }
  }

  /** Time passes; who is due wakes, and what is said arrives at once. */
  #elapse(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#nodes.values()].filter(({ isUp, wakeAtMs }) => isUp && wakeAtMs <= untilMs);
      const next = due.toSorted((left, right) => left.wakeAtMs - right.wakeAtMs || left.id - right.id)[0];
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.wakeAtMs);
      this.#step(next.id, { kind: 'tick' });
      this.#settle();
    }
    this.#nowMs = untilMs;
  }

  #roles(): void {
    this.#isQuiet = false;
    for (const { id, raft, isUp } of this.#nodes.values()) {
      if (!isUp) {
        this.#say(`${id}: down`);
        continue;
      }
      const { role, epoch, leaderId, isVoter, highWatermark } = raft.status();
      const of = role === 'follower' ? ` of ${leaderId}` : '';
      this.#say(`${id}: ${isVoter ? '' : 'observer, '}${role}${of} e${epoch}, committed ${highWatermark}`);
    }
  }

  #logs(): void {
    this.#isQuiet = false;
    for (const { id, log, startOffset } of this.#nodes.values()) {
      const entries = log.map((batch) => `${textOf(batch)}/e${batch.epoch}`);
      this.#say(`${id}: ${startOffset === 0 ? '' : `(from ${startOffset}) `}${entries.join(', ')}`);
    }
  }
}

function fill(
  node: ScriptNode,
  response: RaftResponse,
  readLog: { readonly from: number; readonly until: number } | undefined,
  readSnapshot: { readonly id: { readonly endOffset: number }; readonly position: number } | undefined,
): RaftResponse {
  if (readLog !== undefined && response.api === 'fetch') {
    return { ...response, records: node.read(readLog.from, readLog.until) };
  }
  if (readSnapshot === undefined || response.api !== 'fetch-snapshot') return response;
  // Each snapshot has ten bytes, in pieces of five.
  return { ...response, size: 10, unalignedRecords: new Uint8Array(5) };
}
