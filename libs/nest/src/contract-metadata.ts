import type { Contract, RespondOptions, SubscribeOptions, WorkOptions } from '@trunkline/bus';

/** The name of the bus that has none. */
export const DEFAULT_BUS = 'default';

/** What every handler decorator may say beside the bus's own options. */
export interface OnBus {
  /** Which of several buses, by the `name` of its module. Missing: the one without a name. */
  readonly bus?: string;
}

/** What a decorator wrote on a method, for the binder to read. */
export type HandlerMetadata = OnBus &
  (
    | { readonly verb: 'subscribe'; readonly contract: Contract | string; readonly options: SubscribeOptions }
    | { readonly verb: 'work'; readonly contract: Contract | string; readonly options: WorkOptions }
    | { readonly verb: 'respond'; readonly contract: Contract; readonly options: RespondOptions }
  );

/** Where handler decorators write, on the method itself. */
export const HANDLERS_METADATA = 'trunkline:handlers';

/** Where parameter decorators write, on the class under the method's name, in the form that Nest's contexts read. */
export const PARAMETERS_METADATA = 'trunkline:parameters';
