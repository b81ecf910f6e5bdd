import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { Broker } from '@trunkline/broker';
import type { Logger } from '@trunkline/kernel';
import type { HttpSettings } from '../settings.js';

// Nothing of the libs but types is imported here and in what is loaded from here: it would be a second copy of them.

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Listens for health checks and scrapes; Nest is loaded with the first request.
 *
 * A broker that nobody asks so keeps 45 MB. A port in use ends the start only when somebody chose that port: with the
 * default, a second broker on the machine says so and goes on without.
 */
export async function serveHttp(
  broker: Broker,
  { host, port, explicit }: HttpSettings,
  logger: Logger,
): Promise<{ close(): Promise<void> } | undefined> {
  let app: Promise<{ handle: HttpHandler; close(): Promise<void> }> | undefined;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    app ??= import('./app.js').then(({ startApp }) => startApp(broker));
    app.then(
      ({ handle }) => handle(request, response),
      (error: unknown) => {
        logger.error(`the HTTP application could not be started: ${String(error)}`);
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = 256;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: host === '' ? undefined : host, port }, resolve);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `health and metrics cannot be served: ${why}; choose another place with --http HOST:PORT (http.listener), or off`;
    if (explicit) throw Object.assign(new Error(text, { cause: error }), { name: 'StartFault' });
    logger.warn(text);
    return undefined;
  }
  server.removeAllListeners('error');
  server.on('error', (error) => logger.warn(`http: ${error.message}`));
  const bound = server.address();
  if (bound !== null && typeof bound !== 'string') logger.info(`health and metrics on http://${host}:${bound.port}`);
  return {
    close: async () => {
      server.close();
      server.closeAllConnections();
      await (await app)?.close();
    },
  };
}
