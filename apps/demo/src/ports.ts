import { createServer } from 'node:net';

/** A port that the demo wants, and the variable by which another is chosen. */
export interface WantedPort {
  readonly what: string;
  readonly variable: string;
  readonly port: number;
}

/** Sentences about those of the ports that somebody else listens on; empty when all are free. */
export async function takenPorts(host: string, wanted: readonly WantedPort[]): Promise<string[]> {
  const taken: string[] = [];
  for (const { what, variable, port } of wanted) {
    const code = await tryToListen(host, port);
    if (code === undefined) continue;
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
    taken.push(`port ${port} for ${what} ${why}: choose another with ${variable}=${port + 10_000} npm start`);
  }
  return taken;
}

function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (reason: NodeJS.ErrnoException) => resolve(reason.code ?? reason.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
