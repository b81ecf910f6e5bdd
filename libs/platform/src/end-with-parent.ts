/**
 * Ends this process in order when the process that started it is gone, even if that one was killed with SIGKILL.
 *
 * Works only for a child that was spawned with an IPC channel (`stdio: [..., 'ipc']`): the system closes the channel
 * with the parent, nothing has to be sent. Without a channel nothing happens. This process gets SIGTERM, so that it
 * does whatever it does then, and SIGKILL when it is still there after `graceMs`. Does not keep the process alive.
 */
export function endWithParent(graceMs: number): void {
  if (process.channel === undefined) return;
  // With the parent its ends of our pipes are gone: a last line of log must not end us before what we hold is safe.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const end = (): void => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref();
  };
  if (!process.connected) return end();
  process.once('disconnect', end);
  process.channel.unref(); // The listener holds the channel, and the channel would hold the process.
}
