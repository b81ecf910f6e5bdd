import { Command, Option } from 'commander';
import { FLAGS, type FlagValues, flagValues } from './flags.js';

/** Reads the command line with commander: help, and sentences for what is wrong. Ends the process after both. */
export function readCommandLine(args: readonly string[]): FlagValues {
  const program = new Command('trunkline-broker').description('A broker that speaks the Kafka wire protocol');
  const start = program.command('start').description('start one broker in the foreground').allowExcessArguments(false);
  for (const { name, value, help, many } of FLAGS) {
    const option = new Option(`--${name} <${value}>`, help);
    if (many === true) option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
    start.addOption(option);
  }
  program.command('cluster').description('start a cluster on this machine: see "cluster --help"');
  program.command('format').description('give a data directory to a node of a cluster: see "format --help"');
  start.addHelpText(
    'after',
    '\nEvery setting may also stand in the environment: log.segment.bytes is TRUNKLINE_LOG_SEGMENT_BYTES.\n' +
      'Flags count before the environment, the environment before the file.',
  );
  let values: FlagValues | undefined;
  start.action((options: Record<string, string | string[]>) => {
    const byName = FLAGS.map(({ name }) => [name, options[camelCase(name)]]);
    try {
      values = flagValues(Object.fromEntries(byName));
    } catch (error) {
      start.error(error instanceof Error ? error.message : String(error));
    }
  });
  program.parse([...args], { from: 'user' });
  if (values === undefined) process.exit(1);
  return values;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
