import { Command, Option } from 'commander';
import { FlagFault, settingPairs } from '../flags.js';
import { type ClusterOptions, startCluster, startClusterNode } from './cluster.js';

/** Reads `cluster …` with commander, and does it. Ends the process after help and after what is wrong. */
export async function runClusterCommand(args: readonly string[]): Promise<void> {
  // Positional: else `start-node 2 --data-dir DIR` would name the directory of `cluster`, which has the same options.
  const program = new Command('trunkline-broker').enablePositionalOptions();
  const cluster = withOptions(program.command('cluster').enablePositionalOptions())
    .description('start a cluster on this machine, for trials and tests: each node a process with a port of its own')
    .allowExcessArguments(false)
    .addHelpText('after', '\nPrints each node\'s process id, then "ready HOST:PORT,..." once all serve.')
    .action((options: Given) => startCluster(optionsOf(options, cluster)));
  const startNode = withOptions(cluster.command('start-node'))
    .description('start a node that was killed, or one more (it takes partitions, and has no vote)')
    .argument('<id>', 'the number of the node, from 1')
    .action((id: string, options: Given) => startClusterNode(Number(id), optionsOf(options, startNode)));
  await program.parseAsync([...args], { from: 'user' });
}

interface Given {
  readonly nodes?: string;
  readonly basePort?: string;
  readonly dataDir: string;
  readonly set?: string[];
}

function withOptions(command: Command): Command {
  const many = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];
  return command
    .addOption(new Option('--nodes <N>', 'how many brokers, each with a vote on the metadata (default 3)'))
    .addOption(new Option('--base-port <PORT>', 'node 1 listens here, node 2 one above, ... (default 19092)'))
    .addOption(new Option('--data-dir <DIR>', 'where all of it is kept').default('.trunkline-cluster'))
    .addOption(new Option('--set <KEY=VALUE>', "a setting of every node, by Kafka's name; may stand more than once").argParser(many)); // prettier-ignore
}

function optionsOf({ nodes, basePort, dataDir, set }: Given, command: Command): ClusterOptions {
  try {
    const settings = settingPairs(set ?? []);
    return { nodes: numberOf(nodes), basePort: numberOf(basePort), dataDir, settings };
  } catch (error) {
    if (error instanceof FlagFault) command.error(error.message);
    throw error;
  }
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
