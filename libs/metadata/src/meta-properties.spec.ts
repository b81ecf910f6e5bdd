import { describe, expect, it } from '@jest/globals';
import { nodeId, utf8 } from '@trunkline/kernel';
import { SimDisk, SimRandom } from '@trunkline/testing';
import { firstDirectoryId, formatDirectory, metaProperties } from './meta-properties.js';

async function directory(): Promise<SimDisk> {
  const disk = new SimDisk({ seed: 1 });
  await disk.makeDir('data');
  await disk.syncDir('/');
  return disk;
}

const read = (disk: SimDisk, id = 1) => metaProperties(disk, 'data', nodeId(id), new SimRandom(9));

describe('meta.properties', () => {
  it('is made once, and read ever after', async () => {
    const disk = await directory();
    const made = await read(disk);
    disk.crash();
    expect(await metaProperties(disk, 'data', nodeId(1), new SimRandom(10))).toEqual(made);
    expect(new TextDecoder().decode(disk.peek('data/meta.properties'))).toBe(
      `version=1\ncluster.id=${made.clusterId}\nnode.id=1\ndirectory.id=${made.directoryId}\n`,
    );
  });

  it('outlives a power cut in directories that were made for it', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimDisk({ seed, odds: { keptPercent: 0 } });
      await disk.makeDir('/var/lib/data');
      const made = await metaProperties(disk, '/var/lib/data', nodeId(1), new SimRandom(9));
      disk.crash();
      expect(await metaProperties(disk, '/var/lib/data', nodeId(1), new SimRandom(10))).toEqual(made);
    }
  });

  it('does not let another node into the directory', async () => {
    const disk = await directory();
    await read(disk);
    await expect(read(disk, 2)).rejects.toThrow(
      'data/meta.properties says node.id=1, but this node is started with node.id=2',
    );
  });

  it('names the value that cannot be', async () => {
    const disk = await directory();
    const file = await disk.open('data/meta.properties');
    await file.write(0, [utf8('version=1\ncluster.id=abc\nnode.id=one\n')]);
    await expect(read(disk)).rejects.toThrow('KAFKA_STORAGE_ERROR: data/meta.properties: node.id is "one"');
  });

  const identity = 'cluster.id=abc\nnode.id=1\ndirectory.id=aaaaaaaaaaaaaaaaaaaaaa\n';
  it.each([
    [
      `version=2\n${identity}`,
      'UNSUPPORTED_VERSION: data/meta.properties says version=2, and this broker knows version=1',
    ],
    [`version=2\nfeatures=new\n`, 'written by a newer version: start that one or a later one on it, or use another'],
    [
      `version=0\nbroker.id=1\n`,
      'data/meta.properties says version=0, and this broker knows version=1; it was written for',
    ],
    [identity, 'KAFKA_STORAGE_ERROR: data/meta.properties: version is missing'],
    [`version=1.5\n${identity}`, 'KAFKA_STORAGE_ERROR: data/meta.properties: version is "1.5"'],
  ])('refuses %j, and changes nothing on disk', async (text, why) => {
    const disk = await directory();
    const file = await disk.open('data/meta.properties');
    await file.write(0, [utf8(text)]);
    await file.close();
    await expect(read(disk)).rejects.toThrow(why);
    expect(await disk.list('data')).toEqual(['meta.properties']);
    expect(new TextDecoder().decode(disk.peek('data/meta.properties'))).toBe(text);
  });

  it('is made beforehand by who formats the directory, and once only', async () => {
    const disk = await directory();
    const given = { clusterId: 'c', nodeId: nodeId(1), directoryId: firstDirectoryId('c', nodeId(1)) };
    await formatDirectory(disk, 'data/new', given);
    disk.crash();
    expect(await metaProperties(disk, 'data/new', nodeId(1), new SimRandom(9))).toEqual(given);
    const again = formatDirectory(disk, 'data/new', { ...given, clusterId: 'd' });
    await expect(again).rejects.toThrow(/data\/new is formatted already: cluster\.id=c, node\.id=1/);
    const odd = formatDirectory(disk, 'data/odd', { ...given, clusterId: 'not a word' });
    await expect(odd).rejects.toThrow(/the new meta\.properties: cluster\.id is "not a word"/);
  });

  it('gives first voters ids that follow from cluster and node', () => {
    expect(firstDirectoryId('c', nodeId(1))).toMatchInlineSnapshot(`"JoyJbmyLiCKDbbx5HwyyXg"`);
    const ids = Array.from({ length: 200 }, (_, at) => firstDirectoryId('TestClusterTestClusteA', nodeId(at)));
    expect(new Set(ids).size).toBe(200);
    for (const id of ids) {
      expect(Buffer.from(id, 'base64url').toString('base64url')).toBe(id);
      expect(id).not.toMatch(/^-/);
    }
  });
});
