import type { Call, Queue, StreamCall, Topic } from './contract.js';
import type {
  BusHealth,
  EnqueueOptions,
  HandlerLane,
  PublishOptions,
  RequestOptions,
  RespondHandler,
  RespondOptions,
  StreamHandler,
  StreamOptions,
  SubscribeHandler,
  SubscribeOptions,
  WorkHandler,
  WorkOptions,
} from './options.js';

/** The verbs of a bus: what `Bus` does, and what a fake of it must do. */
export interface BusVerbs {
  readonly service: string;
  publish<T, In>(topic: Topic<T, In>, value: NoInfer<In>, options?: PublishOptions): Promise<void>;
  enqueue<T, In>(queue: Queue<T, In>, job: NoInfer<In>, options?: EnqueueOptions): Promise<void>;
  request<Req, Rep, ReqIn, RepIn>(
    call: Call<Req, Rep, ReqIn, RepIn>,
    value: NoInfer<ReqIn>,
    options?: RequestOptions,
  ): Promise<Rep>;
  requestStream<Req, Item, ReqIn, ItemIn>(
    call: StreamCall<Req, Item, ReqIn, ItemIn>,
    value: NoInfer<ReqIn>,
    options?: StreamOptions,
  ): AsyncIterableIterator<Item>;

  /** Registrations are taken before and after `start`; misuse throws `MISUSE` at once, or rejects `start`. */
  subscribe<T, In>(topic: Topic<T, In>, handler: SubscribeHandler<NoInfer<T>>, options?: SubscribeOptions): HandlerLane;
  work<T, In>(queue: Queue<T, In>, handler: WorkHandler<NoInfer<T>>, options?: WorkOptions): HandlerLane;
  respond<Req, Rep, ReqIn, RepIn>(
    call: Call<Req, Rep, ReqIn, RepIn>,
    handler: RespondHandler<NoInfer<Req>, NoInfer<RepIn>>,
    options?: RespondOptions,
  ): HandlerLane;
  respondStream<Req, Item, ReqIn, ItemIn>(
    call: StreamCall<Req, Item, ReqIn, ItemIn>,
    handler: StreamHandler<NoInfer<Req>, NoInfer<ItemIn>>,
    options?: RespondOptions,
  ): HandlerLane;

  /** Resolves when every lane that was registered reads. */
  start(): Promise<void>;
  /** Stops fetching, finishes what runs (at most `deadlineMs`), acknowledges, leaves, closes. */
  drain(deadlineMs: number): Promise<void>;
  /** The same without waiting for handlers. */
  close(): Promise<void>;
  health(): BusHealth;
}
