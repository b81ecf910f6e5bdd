import type { AnyHandler } from '../server/handler.js';

/** Every API this broker answers. ApiVersions reads it, so what is said and what is done cannot differ. */
export const HANDLERS: readonly AnyHandler[] = [];
