import type { Clock, Timer } from '@trunkline/kernel';

/** The longest delay a Node timer takes; a longer one would run at once. */
const NODE_DELAY_MS_MAX = 2 ** 31 - 1;

/** Node's clock and timers. Timers do not keep the process alive; delays beyond 24 days are waited for in pieces. */
export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    if (delayMs <= NODE_DELAY_MS_MAX) {
      const short = setTimeout(run, Math.max(0, delayMs));
      short.unref();
      return { cancel: () => clearTimeout(short) };
    }
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = (restMs: number): void => {
      timer = setTimeout(
        () => {
          const leftMs = dueMs - performance.now();
          if (restMs > NODE_DELAY_MS_MAX && leftMs > 0) wait(leftMs);
          else run();
        },
        Math.min(restMs, NODE_DELAY_MS_MAX),
      );
      timer.unref();
    };
    wait(delayMs);
    const cancel: Timer['cancel'] = () => clearTimeout(timer);
    return { cancel };
  },
};
