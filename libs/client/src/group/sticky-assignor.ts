import { CooperativeStickyUserData, Reader, StickyUserData, decodeBody, encodeBody } from '@trunkline/protocol';
import { concatBytes } from '@trunkline/kernel';
import type { Assignor, GroupPeer } from './assignor.js';
import { ownersOf, shareSticky } from './sticky-share.js';
import { asTopicArray, fromTopicArray, nameOfPartition } from '../topic-partition.js';

/** Kafka's `sticky` (KIP-54): even, few moves, but everybody stops for each rebalance. What a member had travels as user data. */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  protocol: 'eager',
  userData: ({ held, generation }) =>
    concatBytes(encodeBody(StickyUserData, 1, { previousAssignment: asTopicArray(held), generation })),
  assign: (peers, partitionsOf, racksOf) => shareSticky(peers.map(withPrevious), partitionsOf, racksOf),
};

/**
 * Kafka's `cooperative-sticky` (KIP-429): as `sticky`, and members read on meanwhile. What another member still owns is
 * given to nobody in this round; its owner lets go of it first and joins again.
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  protocol: 'cooperative',
  userData: ({ generation }) => concatBytes(encodeBody(CooperativeStickyUserData, 0, { generation })),
  assign(peers, partitionsOf, racksOf) {
    const standing = peers.map(withGeneration);
    const target = shareSticky(standing, partitionsOf, racksOf);
    const claimed = claimsOf(standing);
    const owners = ownersOf(standing, partitionsOf);
    for (const [memberId, partitions] of target) {
      target.set(
        memberId,
        partitions.filter((partition) => {
          const name = nameOfPartition(partition);
          const claims = claimed.get(name);
          if (claims === undefined) return true;
          // Whoever claims it still reads it, rightly or not: it is given to another when nobody claims it any more.
          return owners.get(name) === memberId || (claims.size === 1 && claims.has(memberId));
        }),
      );
    }
    return target;
  },
};

function claimsOf(peers: readonly GroupPeer[]): Map<string, Set<string>> {
  const claimed = new Map<string, Set<string>>();
  for (const { memberId, owned } of peers) {
    for (const partition of owned) {
      const name = nameOfPartition(partition);
      const claims = claimed.get(name);
      if (claims === undefined) claimed.set(name, new Set([memberId]));
      else claims.add(memberId);
    }
  }
  return claimed;
}

/** Garbage of another client counts as nothing owned, as in Java. */
function withPrevious(peer: GroupPeer): GroupPeer {
  if (peer.userData === null || peer.userData.byteLength === 0) return peer;
  for (const version of [1, 0]) {
    try {
      const { previousAssignment, generation } = decodeBody(StickyUserData, version, peer.userData);
      return { ...peer, owned: fromTopicArray(previousAssignment), generation };
    } catch {
      // Not of this version.
    }
  }
  return { ...peer, owned: [], generation: -1 };
}

/** The generation stands in the subscription from its version 2 on, in the user data before. */
function withGeneration(peer: GroupPeer): GroupPeer {
  if (peer.generation >= 0 || peer.userData === null || peer.userData.byteLength === 0) return peer;
  try {
    const reader = new Reader(peer.userData, 'CooperativeStickyUserData');
    return { ...peer, generation: CooperativeStickyUserData.read(reader, 0).generation };
  } catch {
    return peer;
  }
}
