import { Command, Option } from 'commander';
import { formatNode } from './format.js';

const HELP = `
Every node of a cluster has a directory of its own, and says in it which cluster it belongs to. Format the directories
of the first voters, those that controller.quorum.voters names, before their first start, all with the same cluster id.
A voter that lost its disk, or a node that comes later, is formatted with --join: it is another replica, and must not
count as the one that promised something with the disk that is gone.`;

/** Reads `format …` with commander, and does it. Ends the process after help and after what is wrong. */
export async function runFormatCommand(args: readonly string[]): Promise<void> {
  const program = new Command('trunkline-broker');
  program
    .command('format')
    .description('give a data directory to a node of a cluster, before its first start')
    .allowExcessArguments(false)
    .addOption(new Option('--data-dir <DIR>', 'the directory of the node').makeOptionMandatory())
    .addOption(new Option('--cluster-id <ID>', 'letters, digits, - and _; the same for all').makeOptionMandatory())
    .addOption(new Option('--node-id <N>', 'its node.id').makeOptionMandatory())
    .addOption(new Option('--join', 'the cluster has run before, with or without this node'))
    .addHelpText('after', HELP)
    .action(async (given: Given) => {
      const { dataDir, clusterId, nodeId, join = false } = given;
      const { directoryId } = await formatNode({ dataDir, clusterId, nodeId: Number(nodeId), join });
      process.stdout.write(
        `formatted ${dataDir}: cluster.id=${clusterId}, node.id=${nodeId}, directory.id=${directoryId}\n`,
      );
    });
  await program.parseAsync([...args], { from: 'user' });
}

interface Given {
  readonly dataDir: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly join?: boolean;
}
