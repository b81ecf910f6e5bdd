import type { AnyApi } from '@trunkline/protocol';
import type { Asked, Told } from './peers.js';

/**
 * To whoever is the active controller, this node itself included (then without a socket). The controller is found again
 * when it moves.
 *
 * Not promised: that a question is heard once. It is repeated when a connection ends or another controller takes over,
 * so ask only what is fenced by epochs, or what may happen twice.
 */
export interface ControllerChannel {
  /**
   * Asks the active controller. Answers that say NOT_CONTROLLER never come back from here: the question is repeated.
   * Rejects with ApiError REQUEST_TIMED_OUT when no controller answered within `timeoutMs`.
   */
  ask<A extends AnyApi>(api: A, request: Asked<A>, timeoutMs: number): Promise<Told<A>>;
}
