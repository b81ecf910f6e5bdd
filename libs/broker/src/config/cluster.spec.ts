import { describe, expect, it } from '@jest/globals';
import { brokerConfig } from '../config.js';

function clusterOf(settings: Readonly<Record<string, string>>) {
  return brokerConfig([{ origin: 'test', values: new Map(Object.entries(settings)) }]).cluster;
}

const VOTERS = { 'controller.quorum.voters': '1@a:9093,2@b:9093,3@[::1]:9093' };

describe('the settings of a cluster', () => {
  it('make a cluster of one when no voters are named', () => {
    expect(clusterOf({})).toMatchObject({ isAlone: true, isBroker: true, isController: true, voters: [] });
  });

  it('name the voters', () => {
    const { voters, isAlone } = clusterOf(VOTERS);
    expect(isAlone).toBe(false);
    expect(voters.map(({ nodeId, host, port }) => `${nodeId} ${host} ${port}`)).toEqual([
      '1 a 9093',
      '2 b 9093',
      '3 ::1 9093',
    ]);
  });

  it('let nodes use the first listener between each other, or the ones that are named', () => {
    const listeners = {
      listeners: 'PLAINTEXT://:9092,INNER://:9093',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT',
    };
    expect(clusterOf({ ...VOTERS, ...listeners })).toMatchObject({
      interBrokerListener: 'PLAINTEXT',
      controllerListener: 'PLAINTEXT',
    });
    const named = { 'inter.broker.listener.name': 'INNER', 'controller.listener.names': 'INNER' };
    expect(clusterOf({ ...VOTERS, ...listeners, ...named })).toMatchObject({
      interBrokerListener: 'INNER',
      controllerListener: 'INNER',
    });
  });

  it('let a node be a broker only', () => {
    expect(clusterOf({ ...VOTERS, 'node.id': '7', 'process.roles': 'broker' })).toMatchObject({
      isBroker: true,
      isController: false,
    });
  });

  it.each([
    ['a voter without id', { 'controller.quorum.voters': 'a:9093' }, /must have the form id@host:port/],
    ['a voter without port', { 'controller.quorum.voters': '1@a' }, /must have the form id@host:port/],
    ['a voter twice', { 'controller.quorum.voters': '1@a:1,1@b:1' }, /names a node twice/],
    ['a controller that is no voter', { ...VOTERS, 'node.id': '7' }, /must name this node \(node.id=7\)/],
    ['a voter that is no controller', { ...VOTERS, 'process.roles': 'broker' }, /must hold controller/],
    ['a broker alone without controller', { 'process.roles': 'broker' }, /must be broker,controller as long as/],
    [
      'heartbeats rarer than sessions are long',
      { 'broker.session.timeout.ms': '500' },
      /broker.heartbeat.interval.ms \(500\) must be less than broker.session.timeout.ms \(500\)/,
    ],
    ['a listener that is not there', { 'inter.broker.listener.name': 'X' }, /must be one of the listeners: PLAINTEXT/],
  ])('refuse %s in a sentence', (_, settings, sentence) => {
    expect(() => clusterOf(settings)).toThrow(sentence);
  });
});
