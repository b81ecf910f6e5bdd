/** What Nest injects the broker by: its class would be a second one, loaded beside the one that runs. */
export const BROKER = Symbol('broker');
