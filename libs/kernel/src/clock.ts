/** A timer that was set and may be taken back. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as a port: Node's in production, virtual in the simulation. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump; use it for timestamps that people and clients see. */
  nowMs(): number;
  /** Milliseconds that never go back, from an arbitrary start. Use it for timeouts and durations. */
  monotonicMs(): number;
  /** Runs `run` once, `delayMs` from now or a little later, never inside this call. Does not keep a process alive. */
  after(delayMs: number, run: () => void): Timer;
}
