import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Broker } from '@trunkline/broker';
import type { Logger } from '@trunkline/kernel';
import {
  NodeDisk,
  NodeNetwork,
  compression,
  crc32c,
  endWithParent,
  nodeClock,
  nodeRandom,
  stderrLogger,
} from '@trunkline/platform';
import { FLAGS, type FlagValues, flagValues } from './flags.js';
import { type HttpSettings, type Settings, readSettings } from './settings.js';

// Nothing heavy is imported above: the Kafka listener is up before commander, pino or Nest would be loaded.

/** Sentences for whoever started the broker; told by name, because lazily loaded parts have classes of their own. */
const FAULTS = new Set(['StartFault', 'ConfigFault']);

/** How long closing may take once the demo that started us is gone, ms. */
const ORPHAN_MS_MAX = 10_000;

/** Starts the broker that the command line describes, and ends the process with code 1 when that cannot be. */
export function main(): void {
  giveReceivedBytesRoom();
  if (process.env['TRUNKLINE_ENDS_WITH_PARENT'] === 'true') endWithParent(ORPHAN_MS_MAX);
  const args = process.argv.slice(2);
  commandOf(args)(args).catch((error: unknown) => {
    const plain = error instanceof Error && FAULTS.has(error.name);
    const text = error instanceof Error ? (plain ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`trunkline-broker: ${text}\n`);
    process.exit(1);
  });
}

/**
 * What comes in from sockets lies outside of V8's heap. Counted against the limit of our small heap, as is the default,
 * it makes V8 collect everything after each 25 MB received: a fifth of the time of a busy broker. The flag is V8's own
 * and not promised to stay, so it is set only where it was tried.
 */
function giveReceivedBytesRoom(): void {
  if (process.versions.node.startsWith('24.')) setFlagsFromString('--external-memory-accounted-in-global-limit');
}

function commandOf([name]: readonly string[]): (args: readonly string[]) => Promise<void> {
  if (name === 'cluster') return runCluster;
  return name === 'format' ? runFormat : run;
}

async function runFormat(args: readonly string[]): Promise<void> {
  const { runFormatCommand } = await import('./format/command.js');
  await runFormatCommand(args);
}

async function runCluster(args: readonly string[]): Promise<void> {
  const { runClusterCommand } = await import('./cluster/command.js');
  await runClusterCommand(args);
}

async function run(args: readonly string[]): Promise<void> {
  const settings = readSettings(await readFlags(args), process.env);
  const logger = await loggerOf(settings);
  for (const warning of settings.warnings) logger.warn(warning);
  let ended: (() => void) | undefined;
  const broker = await Broker.start({
    config: settings.broker,
    disk: new NodeDisk(),
    network: new NodeNetwork(),
    clock: nodeClock,
    random: nodeRandom,
    logger,
    crc32c,
    compression,
    defer: setImmediate,
    onDefect: (defect) => {
      logger.error(`a defect ends this broker: ${defect.stack ?? defect.message}`);
      process.exit(70);
    },
    onEnded: ({ message }) => {
      process.stderr.write(`trunkline-broker: ${message}\n`);
      ended?.();
    },
  });
  ended = () => void broker.close().finally(() => process.exit(1));
  const serve = async (wanted: HttpSettings): Promise<{ close(): Promise<void> } | undefined> => {
    const { serveHttp } = await import('./http/http-server.js');
    return serveHttp(broker, wanted, logger).catch(async (error: unknown) => {
      await broker.close();
      throw error;
    });
  };
  // Where somebody insists on a port for HTTP, the start fails with it; else Kafka clients do not wait for HTTP.
  let http = settings.http !== 'off' && settings.http.explicit ? await serve(settings.http) : undefined;
  process.stdout.write(
    `ready ${broker.addresses.map(({ name, address }) => `${name}://${shown(address)}`).join(',')}\n`,
  );
  endWithSignals(logger, async () => {
    await Promise.all([broker.close(), http?.close()]);
  });
  if (settings.http !== 'off' && !settings.http.explicit) http = await serve(settings.http);
}

/** The quick way for a command line that is right; commander for all others, and for help. */
async function readFlags(args: readonly string[]): Promise<FlagValues> {
  try {
    const options = Object.fromEntries(
      FLAGS.map(({ name, many }) => [name, { type: 'string' as const, multiple: many === true }]),
    );
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (positionals.length === 1 && positionals[0] === 'start') return flagValues(values);
  } catch {
    // Whatever is wrong, commander finds it too, and says it better.
  }
  const { readCommandLine } = await import('./command-line.js');
  return readCommandLine(args);
}

async function loggerOf({ logFormat, logLevel }: Settings): Promise<Logger> {
  if (logFormat === 'plain') return stderrLogger(logLevel);
  const { jsonLogger } = await import('./json-logger.js');
  return jsonLogger(logLevel);
}

/** The first signal closes in order and ends with code 0; a second one ends at once. */
function endWithSignals(logger: Logger, close: () => Promise<void>): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(1);
    ending = true;
    logger.info(`${signal}: closing`);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error(`closing failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

function shown(address: Broker['addresses'][number]['address']): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
