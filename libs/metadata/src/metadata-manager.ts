import { ApiError, InvariantViolated, Lane, asError, invariant, type Decision, type Offset } from '@trunkline/kernel';
import { Controller, type ControllerOptions } from './controller.js';
import type { MetadataDelta } from './delta.js';
import { imageDifference } from './image-difference.js';
import { emptyImage, stepImage, wholeDelta, type LoadedImage } from './image-loader.js';
import type { MetadataImage } from './image.js';
import type { ControllerRole, MetadataLog } from './metadata-log.js';
import type { MetadataRecord } from './records.js';
import { recordsOf } from './snapshot.js';

/** Hears of each new image before anybody is answered for what is in it. Must not reject: see {@link MetadataManager}. */
export type MetadataListener = (delta: MetadataDelta, image: MetadataImage) => Promise<void> | void;

/** Hears of each new image once it is {@link MetadataManager.image}. Must not throw, and must not take long. */
export type ImageWatcher = (image: MetadataImage) => void;

/** Hears who leads the metadata log, and whether this node decides. Must not throw. */
export type RoleListener = (role: ControllerRole) => void;

/** Looks at the controller's state and says what to write and what to answer. Synchronous; may throw ApiErrors. */
export type Decide<Response> = (controller: Controller) => Decision<MetadataRecord, Response>;

export interface MetadataManagerOptions extends ControllerOptions {
  readonly log: MetadataLog;
  /** In Kafka's text form; see `metaProperties`. */
  readonly clusterId: string;
  /** Submits that may wait; one more is refused with THROTTLING_QUOTA_EXCEEDED. Default 1000. */
  readonly waitingMax?: number;
  /** Bytes of records after which a snapshot is written: metadata.log.max.record.bytes.between.snapshots. */
  readonly bytesBetweenSnapshots?: number;
  /** Listeners hear nothing until {@link MetadataManager.release}: what a node reads of its past must not be done again. */
  readonly isHeld?: boolean;
}

interface Decided {
  readonly waiting: Waiting;
  readonly response: unknown;
}

interface Waiting {
  readonly decide: Decide<unknown>;
  readonly resolve: (response: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

const WAITING_MAX = 1000;
/** Rounds that wait; images and listeners that come. */
const LANE_MAX = 100;
const BYTES_BETWEEN_SNAPSHOTS = 20 * 1024 * 1024;
/** Records that one batch of several decisions may have; a single decision may be larger. */
const BATCH_RECORDS_MAX = 10_000;

/**
 * The cluster's metadata: takes decisions one after the other, writes their records, replays them once they are
 * committed, and publishes the image that comes of them.
 *
 * A submit resolves when its records are on disk **and** every listener has taken the new image in: a topic is usable
 * when its creation is answered. Submits that wait share one sync.
 *
 * Not promised: to survive a listener that rejects. What fails for one partition is that partition's state; a listener
 * that rejects all the same leaves image and parts at odds, so the manager takes no more (`onFailed` hears it once).
 */
export class MetadataManager {
  readonly #options: MetadataManagerOptions;
  readonly #listeners: MetadataListener[] = [];
  /** Rounds of submits: one after the other. */
  readonly #lane = new Lane('metadata', LANE_MAX);
  /** New images, and listeners that come. A round waits for its own image here, so this is a lane of its own. */
  readonly #imageLane = new Lane('metadata image', LANE_MAX);
  #controller: Controller;
  #image: LoadedImage;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #failed: Error | undefined;
  #closed = false;
  /** A batch of our own is on its way: the controller has taken it in already. */
  #inFlight = false;
  #isHeld: boolean;
  #role: ControllerRole;
  readonly #roleListeners: RoleListener[] = [];
  readonly #imageWatchers: ImageWatcher[] = [];
  /** Called once, when the metadata can change no more. */
  onFailed: ((reason: Error) => void) | undefined;

  private constructor(options: MetadataManagerOptions) {
    this.#options = options;
    this.#controller = new Controller(options);
    this.#image = emptyImage(options.clusterId);
    this.#isHeld = options.isHeld ?? false;
    this.#role = { leaderId: options.statics.nodeId, epoch: 0, isActive: true };
  }

  /** Opens the log and replays it. Rejects with KAFKA_STORAGE_ERROR, in a sentence, when it cannot be read. */
  static async open(options: MetadataManagerOptions): Promise<MetadataManager> {
    const manager = new MetadataManager(options);
    await options.log.open({
      restored: (records, endOffset) => manager.#restored(records, endOffset),
      committed: (records, endOffset) => manager.#committed(records, endOffset),
      roleChanged: (role) => manager.#roleChanged(role),
    });
    return manager;
  }

  /** The newest image that every listener has taken in. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Who leads the metadata log. With one voter that is this node, always. */
  get role(): ControllerRole {
    return this.#role;
  }

  /** Tells `listener` every later role, in order. */
  watchRole(listener: RoleListener): void {
    this.#roleListeners.push(listener);
  }

  /** Tells `watcher` every later image, when all listeners have taken it in. */
  watchImage(watcher: ImageWatcher): void {
    this.#imageWatchers.push(watcher);
  }

  /**
   * Adds a listener and tells it everything that is there, before this resolves. Listeners are told one after the
   * other, in the order in which they came. Not from inside a listener: it would wait for itself. While listeners are
   * held, they are told later.
   */
  subscribe(listener: MetadataListener): Promise<void> {
    return this.#imageLane.run(async () => {
      if (!this.#isHeld) await listener(wholeDelta(this.#image), this.#image);
      this.#listeners.push(listener);
    });
  }

  /**
   * From now on listeners hear of images, of the newest one first and before this resolves. A node that reads what was
   * committed while it was away must not act on it: a replica that was moved away and back would be deleted in between.
   */
  release(): Promise<void> {
    return this.#imageLane.run(async () => {
      if (!this.#isHeld) return;
      this.#isHeld = false;
      for (const listener of this.#listeners) await listener(wholeDelta(this.#image), this.#image);
    });
  }

  /**
   * Takes a decision. Resolves with its response once its records are on disk and applied. Rejects with the ApiError
   * that `decide` threw, NOT_CONTROLLER when another node decides, THROTTLING_QUOTA_EXCEEDED when too many wait,
   * KAFKA_STORAGE_ERROR when the log takes no more. Not from inside a listener: it would wait for itself.
   */
  submit<Response>(decide: Decide<Response>): Promise<Response> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#closed) return Promise.reject(new ApiError('NOT_CONTROLLER', 'The broker is shutting down'));
    if (!this.#role.isActive) return Promise.reject(new ApiError('NOT_CONTROLLER', this.#leads()));
    if (this.#waiting.length >= (this.#options.waitingMax ?? WAITING_MAX)) {
      const why = `${this.#waiting.length} metadata changes wait already; ask again later`;
      return Promise.reject(new ApiError('THROTTLING_QUOTA_EXCEEDED', why));
    }
    return new Promise<Response>((resolve, reject) => {
      this.#waiting.push({ decide, resolve: (response) => resolve(response as Response), reject });
      this.#schedule();
    });
  }

  #leads(): string {
    const { leaderId } = this.#role;
    return leaderId === -1 ? 'no active controller is known' : `node ${leaderId} is the active controller`;
  }

  #roleChanged(role: ControllerRole): void {
    const wasActive = this.#role.isActive;
    this.#role = role;
    if (wasActive && !role.isActive) this.#goBack(); // What is on its way may never be committed.
    for (const listener of this.#roleListeners) listener(role);
  }

  /** Lets what waits finish, then closes the log. */
  async close(): Promise<void> {
    this.#closed = true;
    do await this.#lane.idle();
    while (this.#lane.waiting > 0);
    await this.#options.log.close();
    await this.#imageLane.idle();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#lane.run(() => this.#round()).catch((reason: unknown) => this.#fail(asError(reason)));
  }

  /** Decides what waits, as far as it fits into one batch, and commits it together. */
  async #round(): Promise<void> {
    this.#scheduled = false;
    const records: MetadataRecord[] = [];
    const decided: Decided[] = [];
    while (this.#waiting.length > 0 && records.length < BATCH_RECORDS_MAX) {
      const next = this.#waiting.shift();
      invariant(next !== undefined, 'a submit waits');
      const response = this.#decide(next, records);
      if (response !== undefined) decided.push(response);
    }
    if (this.#waiting.length > 0) this.#schedule();
    try {
      if (records.length > 0) await this.#append(records);
    } catch (reason) {
      await this.#notCommitted(asError(reason), decided);
      return;
    }
    for (const { waiting, response } of decided) waiting.resolve(response);
    if (!this.#options.log.isReplicated) await this.#snapshotIfDue();
  }

  async #append(records: readonly MetadataRecord[]): Promise<void> {
    this.#inFlight = true;
    try {
      await this.#options.log.append(records);
    } finally {
      this.#inFlight = false;
    }
  }

  #decide(waiting: Waiting, records: MetadataRecord[]): Decided | undefined {
    try {
      const decision = waiting.decide(this.#controller);
      for (const record of decision.records) this.#controller.replay(record);
      records.push(...decision.records);
      return { waiting, response: decision.response };
    } catch (reason) {
      if (reason instanceof InvariantViolated) throw reason;
      waiting.reject(reason);
      return undefined;
    }
  }

  /** The controller was ahead of the log: it goes back to what is committed, or nothing may change any more. */
  async #notCommitted(reason: Error, decided: readonly Decided[]): Promise<void> {
    for (const { waiting } of decided) waiting.reject(reason);
    if (reason instanceof ApiError && reason.code === 'NOT_CONTROLLER') {
      // In the lane of images: what is being taken in now must not be missing afterwards.
      await this.#imageLane.run(() => Promise.resolve(this.#goBack()));
      return;
    }
    if (reason instanceof ApiError && reason.code === 'THROTTLING_QUOTA_EXCEEDED') this.#goBack();
    else this.#fail(reason);
  }

  #goBack(): void {
    this.#controller = this.#controllerOf(this.#image);
  }

  #fail(reason: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = reason;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.onFailed?.(reason);
  }

  #restored(records: readonly MetadataRecord[], endOffset: Offset): Promise<void> {
    return this.#imageLane.run(async () => {
      const { image } = stepImage(emptyImage(this.#options.clusterId), records, endOffset);
      this.#controller = this.#controllerOf(image);
      await this.#publish(imageDifference(this.#image, image), image);
    });
  }

  #committed(records: readonly MetadataRecord[], endOffset: Offset): Promise<void> {
    return this.#imageLane.run(async () => {
      const isOurs = this.#inFlight && this.#role.isActive;
      if (!isOurs) for (const record of records) this.#controller.replay(record);
      this.#controller.continueAt(endOffset); // The log has records of its own, too.
      const { image, delta } = stepImage(this.#image, records, endOffset);
      await this.#publish(delta, image);
      if (this.#options.log.isReplicated) await this.#snapshotIfDue();
    });
  }

  async #publish(delta: MetadataDelta, image: LoadedImage): Promise<void> {
    if (!this.#isHeld) for (const listener of this.#listeners) await listener(delta, image);
    this.#image = image;
    for (const watcher of this.#imageWatchers) watcher(image);
  }

  #controllerOf(image: LoadedImage): Controller {
    const controller = new Controller(this.#options);
    for (const record of recordsOf(image)) controller.replay(record);
    controller.continueAt(image.endOffset);
    return controller;
  }

  async #snapshotIfDue(): Promise<void> {
    const { log, bytesBetweenSnapshots = BYTES_BETWEEN_SNAPSHOTS } = this.#options;
    if (log.bytesSinceSnapshot >= bytesBetweenSnapshots)
      await log.writeSnapshot(recordsOf(this.#image), this.#image.endOffset);
  }
}
