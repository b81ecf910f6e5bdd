import type { Uuid } from './ids.js';

/** Dice as a port: the system's in production, seeded in the simulation. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit` (1 to 2^32). */
  below(limit: number): number;
  /** A random version 4 UUID in Kafka's text form (22 characters of URL-safe base64), never beginning with `-`. */
  uuid(): Uuid;
}
