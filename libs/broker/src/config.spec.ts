import { describe, expect, it } from '@jest/globals';
import { BROKER_CONFIG_DEFINITIONS } from '@trunkline/metadata';
import { type BrokerConfig, ConfigFault, DEFAULTS, brokerConfig } from './config.js';

const from = (values: Record<string, string>, origin = 'test'): { origin: string; values: Map<string, string> } => ({
  origin,
  values: new Map(Object.entries(values)),
});
const read = (values: Record<string, string>, hostname?: string): BrokerConfig =>
  brokerConfig([from(values)], hostname);
const fault = (values: Record<string, string>): string => {
  try {
    read(values);
  } catch (error) {
    if (error instanceof ConfigFault) return error.message;
    throw error;
  }
  return 'no fault';
};

describe('the config of a broker', () => {
  it('that nobody told anything is complete', () => {
    expect(DEFAULTS.dataDir).toBe('./.trunkline');
    expect(DEFAULTS.listeners).toEqual([
      {
        name: 'PLAINTEXT',
        address: { host: '127.0.0.1', port: 9092 },
        advertised: { host: '127.0.0.1', port: 9092 },
      },
    ]);
    expect(DEFAULTS.limits).toMatchObject({ requestBytesMax: 104_857_600, connectionsMax: 10_000, idleMsMax: 600_000 });
    expect(DEFAULTS.integer('num.partitions')).toBe(1);
    expect(DEFAULTS.flag('auto.create.topics.enable')).toBe(true);
    expect(DEFAULTS.text('flush')).toBe('group-commit');
    expect(DEFAULTS.text('broker.rack')).toBeNull();
    expect(DEFAULTS.statics.values.size).toBe(0);
    expect(Object.isFrozen(DEFAULTS)).toBe(true);
  });

  it('has a default that its own check allows, for every setting', () => {
    for (const { name, defaultValue } of BROKER_CONFIG_DEFINITIONS.values()) {
      if (defaultValue !== null) expect([name, fault({ [name]: defaultValue })]).toEqual([name, 'no fault']);
    }
  });

  it('takes the later source before the earlier, and keeps what was set as text', () => {
    const config = brokerConfig([
      from({ 'num.partitions': '3', 'node.id': '7', 'log.segment.bytes': '2000000' }, 'file'),
      from({ 'num.partitions': '4' }, 'flags'),
    ]);
    expect([config.integer('num.partitions'), config.nodeId]).toEqual([4, 7]);
    expect(Object.fromEntries(config.statics.values)).toEqual({
      'num.partitions': '4',
      'node.id': '7',
      'log.segment.bytes': '2000000',
    });
  });

  it('reads names of old as the new ones', () => {
    const config = read({ 'log.dir': '/data', 'broker.id': '5' });
    expect([config.dataDir, config.nodeId]).toEqual(['/data', 5]);
  });

  it('turns -1 into no limit, and limits of single hosts into a map', () => {
    const { limits } = read({
      'queued.max.request.bytes': '-1',
      'connections.max.idle.ms': '-1',
      'max.connections.per.ip.overrides': '10.0.0.1:5, ::1:6',
    });
    expect([limits.queuedRequestBytesMax, limits.idleMsMax]).toEqual([Infinity, Infinity]);
    expect(Object.fromEntries(limits.connectionsPerHostOverrides)).toEqual({ '10.0.0.1': 5, '::1': 6 });
  });
});

describe('a setting that cannot be', () => {
  it.each([
    [{ 'num.partition': '1' }, 'test: there is no setting num.partition; did you mean num.partitions?'],
    [{ 'log.retention.hour': '1' }, 'did you mean log.retention.hours?'],
    [{ 'zookeeper.connect.string.of.old': 'x' }, 'see the README'],
    [{ 'num.partitions': 'many' }, 'Invalid value many for configuration num.partitions: must be a whole number'],
    [{ 'num.partitions': '0' }, 'Invalid value 0 for configuration num.partitions: must be at least 1'],
    [{ flush: 'sometimes' }, 'Invalid value sometimes for configuration flush'],
    [{ 'log.dirs': '/a,/b' }, 'log.dirs=/a,/b must name exactly one directory'],
    [{ 'max.connections.per.ip.overrides': 'host' }, 'must have the form host:limit,host:limit'],
  ])('is told with its name, its value and what is allowed: %j', (values, text) => {
    expect(fault(values as Record<string, string>)).toContain(text);
  });
});

describe('listeners', () => {
  const listeners = (text: string, more: Record<string, string> = {}): BrokerConfig['listeners'] =>
    read({ listeners: text, ...more }, 'this-machine').listeners;

  it.each([
    ['PLAINTEXT://localhost:1', { host: 'localhost', port: 1 }, { host: 'localhost', port: 1 }],
    ['plaintext://[::1]:9092', { host: '::1', port: 9092 }, { host: '::1', port: 9092 }],
    ['PLAINTEXT://:9092', { host: '', port: 9092 }, { host: 'this-machine', port: 9092 }],
    ['PLAINTEXT://0.0.0.0:9092', { host: '0.0.0.0', port: 9092 }, { host: 'this-machine', port: 9092 }],
    ['PLAINTEXT://unix:/run/t.sock', { path: '/run/t.sock' }, { host: 'this-machine', port: 0 }],
  ])('%s', (text, address, advertised) => {
    expect(listeners(text)).toEqual([{ name: 'PLAINTEXT', address, advertised }]);
  });

  it('may be several, each told to clients as advertised.listeners says', () => {
    const [inside, outside] = listeners('IN://127.0.0.1:1,OUT://:2', {
      'listener.security.protocol.map': 'IN:PLAINTEXT,OUT:PLAINTEXT',
      'advertised.listeners': 'OUT://kafka.example:9999',
    });
    expect(inside!.advertised).toEqual({ host: '127.0.0.1', port: 1 });
    expect(outside!.advertised).toEqual({ host: 'kafka.example', port: 9999 });
  });

  it.each([
    [{ listeners: 'localhost:9092' }, 'listeners=localhost:9092 must have the form NAME://host:port'],
    [{ listeners: 'PLAINTEXT://host' }, 'must have the form'],
    [{ listeners: 'PLAINTEXT://host:70000' }, 'must have the form'],
    [{ listeners: 'PLAINTEXT://unix:relative' }, 'absolute path'],
    [{ listeners: 'PLAINTEXT://a:1,PLAINTEXT://b:2' }, 'names the listener PLAINTEXT twice'],
    [{ listeners: 'SSL://a:1' }, 'must be a PLAINTEXT listener: SSL is not spoken yet'],
    [{ listeners: 'MINE://a:1' }, 'MINE is not in listener.security.protocol.map'],
    [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:1' }, 'must name a host that clients can reach'],
    [{ 'advertised.listeners': 'OTHER://a:1' }, 'is not the name of a listener'],
    [{ 'listener.security.protocol.map': 'PLAINTEXT' }, 'must have the form NAME:PROTOCOL'],
  ])('that cannot be are told: %j', (values, text) => {
    expect(fault(values as Record<string, string>)).toContain(text);
  });
});
