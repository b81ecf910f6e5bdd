import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FlagFault, flagValues } from './flags.js';
import { parseProperties } from './properties.js';
import { type Settings, readSettings } from './settings.js';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

function file(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-settings-'));
  dirs.push(dir);
  writeFileSync(join(dir, 'server.properties'), text);
  return join(dir, 'server.properties');
}

const read = (flags: Record<string, string | string[]>, environment: Record<string, string> = {}): Settings =>
  readSettings(flagValues(flags), environment);

describe('properties', () => {
  it('are read as Java reads them', () => {
    const text = `# a comment
! another
a=1
 b : two words\t
c three
d\\ e=x\\=y
long=one,\\
     two
empty=
unicode=\\u0041\\n
windows=C:\\\\dir\r
last=1`;
    expect(Object.fromEntries(parseProperties(text))).toEqual({
      a: '1',
      b: 'two words',
      c: 'three',
      'd e': 'x=y',
      long: 'one,two',
      empty: '',
      unicode: 'A',
      windows: 'C:\\dir',
      last: '1',
    });
  });
});

describe('settings', () => {
  it('come from flags before the environment before the file', () => {
    const config = file('num.partitions=2\nlog.segment.bytes=2000000\nnode.id=9\nhttp.listener=off');
    const settings = read(
      { config, set: ['num.partitions=4'], 'data-dir': '/d' },
      { TRUNKLINE_NUM_PARTITIONS: '3', TRUNKLINE_LOG_SEGMENT_BYTES: '3000000', HOME: '/root' },
    );
    const { broker } = settings;
    expect([broker.integer('num.partitions'), broker.integer('log.segment.bytes'), broker.nodeId]).toEqual([
      4, 3000000, 9,
    ]);
    expect([broker.dataDir, settings.http]).toEqual(['/d', 'off']);
  });

  it('name the file of the environment too', () => {
    expect(read({}, { TRUNKLINE_CONFIG: file('node.id=3') }).broker.nodeId).toBe(3);
  });

  it('let --set win over the flags that have a name of their own', () => {
    expect(read({ 'data-dir': '/a', set: ['log.dirs=/b'] }).broker.dataDir).toBe('/b');
  });

  it('serve HTTP on a port that nobody insists on, unless somebody does', () => {
    expect(read({}).http).toEqual({ host: '127.0.0.1', port: 9644, explicit: false });
    expect(read({ http: '[::1]:80' }).http).toEqual({ host: '::1', port: 80, explicit: true });
    expect(read({}, { TRUNKLINE_HTTP_LISTENER: ':0' }).http).toEqual({ host: '', port: 0, explicit: true });
  });

  it('that cannot be are told with where they stand', () => {
    const config = file('num.partitions=x');
    expect(() => read({ config })).toThrow(`${config}: Invalid value x for configuration num.partitions`);
    expect(() => read({}, { TRUNKLINE_NODE_ID: '-3' })).toThrow('the environment: Invalid value -3');
    expect(() => read({ set: ['no.such=1'] })).toThrow('the command line: there is no setting no.such');
    expect(() => read({ http: 'nowhere' })).toThrow('the command line: http.listener=nowhere must be host:port or off');
    expect(() => read({ http: 'a:99999' })).toThrow('at most 65535');
    expect(() => read({ 'log-level': 'loud' })).toThrow('must be debug, info, warn or error');
    expect(() => read({ config: '/no/such/file' })).toThrow('--config /no/such/file: there is no such file');
    expect(() => read({ set: ['novalue'] })).toThrow(FlagFault);
  });

  it('warn of names in the environment that only resemble a setting', () => {
    const { warnings } = read({}, { TRUNKLINE_NUM_PARTITION: '1', TRUNKLINE_PORT: '2', TRUNKLINE_BROKERS: 'x' });
    expect(warnings).toEqual([
      'TRUNKLINE_NUM_PARTITION in the environment is not a setting; did you mean TRUNKLINE_NUM_PARTITIONS?',
    ]);
  });
});
