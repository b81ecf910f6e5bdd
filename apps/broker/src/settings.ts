import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  type BrokerConfig,
  ConfigFault,
  type SettingsSource,
  brokerConfig,
  nearestName,
  settingNames,
} from '@trunkline/broker';
import { systemCode } from '@trunkline/kernel';
import type { LogLevel } from '@trunkline/platform';
import type { FlagValues } from './flags.js';
import { parseProperties } from './properties.js';

/** All settings of the app: the broker's, and what is the app's own. */
export interface Settings {
  readonly broker: BrokerConfig;
  readonly http: HttpSettings | 'off';
  readonly logLevel: LogLevel;
  readonly logFormat: 'plain' | 'json';
  /** Sentences for the log: names in the environment that nobody knows. */
  readonly warnings: readonly string[];
}

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Somebody asked for it: then a port in use ends the start. */
  readonly explicit: boolean;
}

/** Settings of the app itself, and what they may be. */
const OWN: Readonly<Record<string, { readonly form: RegExp; readonly allowed: string; readonly fallback: string }>> = {
  'http.listener': { form: /^(off|.*:\d{1,5})$/, allowed: 'host:port or off', fallback: '127.0.0.1:9644' },
  'log.level': { form: /^(debug|info|warn|error)$/, allowed: 'debug, info, warn or error', fallback: 'info' },
  'log.format': { form: /^(plain|json)$/, allowed: 'plain or json', fallback: 'plain' },
};

const PREFIX = 'TRUNKLINE_';
/** Names with our prefix that other programs of the house read. */
const OTHERS = new Set(['TRUNKLINE_PORT', 'TRUNKLINE_BROKERS', 'TRUNKLINE_DATA_DIR', 'TRUNKLINE_ENDS_WITH_PARENT']);

/** Merges file, environment and flags, the later before the earlier. Throws ConfigFault. */
export function readSettings(flags: FlagValues, environment: NodeJS.ProcessEnv): Settings {
  const warnings: string[] = [];
  const fromEnvironment = readEnvironment(environment, warnings);
  const file = flags.configFile ?? fromEnvironment.get('config');
  fromEnvironment.delete('config');
  const sources: SettingsSource[] = [
    ...(file === undefined ? [] : [{ origin: file, values: readFile(file) }]),
    { origin: 'the environment', values: fromEnvironment },
    { origin: 'the command line', values: flags.settings },
  ];
  const own = new Map(Object.entries(OWN).map(([name, { fallback }]) => [name, fallback]));
  let httpExplicit = false;
  const forBroker = sources.map(({ origin, values }) => {
    const rest = new Map(values);
    for (const [name, { form, allowed }] of Object.entries(OWN)) {
      const value = rest.get(name)?.trim();
      if (value === undefined) continue;
      if (!form.test(value)) throw new ConfigFault(name, `${origin}: ${name}=${value} must be ${allowed}`);
      own.set(name, value);
      if (name === 'http.listener') httpExplicit = true;
      rest.delete(name);
    }
    return { origin, values: rest };
  });
  return {
    broker: brokerConfig(forBroker, hostname()),
    http: readHttp(own.get('http.listener') ?? 'off', httpExplicit),
    logLevel: own.get('log.level') as LogLevel,
    logFormat: own.get('log.format') as 'plain' | 'json',
    warnings,
  };
}

function readFile(path: string): ReadonlyMap<string, string> {
  try {
    return parseProperties(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = systemCode(error);
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? String(error)})`;
    throw new ConfigFault('config', `--config ${path}: ${why}`);
  }
}

/** `TRUNKLINE_LOG_SEGMENT_BYTES` is `log.segment.bytes`. Names that only resemble a setting are warned of. */
function readEnvironment(environment: NodeJS.ProcessEnv, warnings: string[]): Map<string, string> {
  const known = new Map([...settingNames(), ...Object.keys(OWN), 'config'].map((name) => [variableOf(name), name]));
  const values = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(PREFIX) || OTHERS.has(variable)) continue;
    const name = known.get(variable);
    if (name !== undefined) values.set(name, value);
    else {
      const nearest = nearestName(
        variable.toLowerCase(),
        [...known.keys()].map((each) => each.toLowerCase()),
      );
      const hint = nearest === undefined ? '' : `; did you mean ${nearest.toUpperCase()}?`;
      warnings.push(`${variable} in the environment is not a setting${hint}`);
    }
  }
  return values;
}

function variableOf(name: string): string {
  return PREFIX + name.toUpperCase().replaceAll('.', '_');
}

function readHttp(text: string, explicit: boolean): HttpSettings | 'off' {
  if (text === 'off') return 'off';
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (port > 65_535) throw new ConfigFault('http.listener', `http.listener=${text}: a port is at most 65535`);
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port, explicit };
}
