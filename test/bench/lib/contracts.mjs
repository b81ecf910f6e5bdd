// What the library's measurements send: JSON of about 100 bytes, as the peers do.
import { call, json, queue, topic } from '@trunkline/nest';

export const Echo = call('bench.echo', { request: json(), reply: json(), timeoutMs: 30_000 });
export const Event = topic('bench.event', json());
export const Job = queue('bench.job', json());
export const payload = { id: 1, p: 'x'.repeat(80) };
