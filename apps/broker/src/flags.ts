/** One flag of `trunkline-broker start`. The table is read twice: quickly when all is well, by commander for help and errors. */
export interface Flag {
  readonly name: string;
  readonly value: string;
  readonly help: string;
  readonly many?: boolean;
  /** The setting it stands for, by Kafka's name. */
  readonly setting?: string;
}

export const FLAGS: readonly Flag[] = [
  {
    name: 'listeners',
    value: 'NAME://HOST:PORT,...',
    help: 'where to listen for Kafka clients; port 0: any that is free (default PLAINTEXT://127.0.0.1:9092)',
    setting: 'listeners',
  },
  {
    name: 'data-dir',
    value: 'DIR',
    help: 'where everything is kept (default ./.trunkline)',
    setting: 'log.dirs',
  },
  { name: 'config', value: 'FILE', help: "settings in Kafka's properties format" },
  { name: 'set', value: 'KEY=VALUE', help: "one setting, by Kafka's name; may stand more than once", many: true },
  {
    name: 'http',
    value: 'HOST:PORT',
    help: 'where to serve /health and /metrics, or "off" (default 127.0.0.1:9644)',
    setting: 'http.listener',
  },
  { name: 'log-level', value: 'LEVEL', help: 'debug, info, warn or error (default info)', setting: 'log.level' },
  { name: 'log-format', value: 'FORMAT', help: 'plain or json (default plain)', setting: 'log.format' },
];

/** Flags as they were given. */
export interface FlagValues {
  readonly configFile: string | undefined;
  /** By Kafka's names; what `--set` says comes after the flags that have a name of their own. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Flags that cannot be read: commander says what is wrong, with help. */
export class FlagFault extends Error {}

type Read = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export function flagValues(read: Read): FlagValues {
  const settings = new Map<string, string>();
  for (const { name, setting } of FLAGS) {
    const value = read[name];
    if (setting !== undefined && typeof value === 'string') settings.set(setting, value);
  }
  const set = Array.isArray(read['set']) ? read['set'].map(String) : [];
  for (const [name, value] of settingPairs(set)) settings.set(name, value);
  const file = read['config'];
  return { configFile: typeof file === 'string' ? file : undefined, settings };
}

/** What `--set KEY=VALUE` says, the last of each key. Throws {@link FlagFault}. */
export function settingPairs(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair): [string, string] => {
      const at = pair.indexOf('=');
      if (at < 1) throw new FlagFault(`--set ${pair} must have the form KEY=VALUE`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1)];
    }),
  );
}
