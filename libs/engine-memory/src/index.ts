export * from './engine.js';
export type { MemoryOptions } from './options.js';
export { MemoryStore, type StoreOptions } from './store.js';
