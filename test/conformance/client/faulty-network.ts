import type { Address, Link, LinkEvents, Listener, Network } from '@trunkline/kernel';
import type { SimRandom } from '@trunkline/testing';

/** A network whose links are cut by dice: before a write, in the middle of one, or when its answer comes. */
export class FaultyNetwork implements Network {
  /** Of a hundred writes. */
  cutPercent = 0;
  cuts = 0;

  constructor(
    private readonly inner: Network,
    private readonly random: SimRandom,
  ) {}

  listen(address: Address, accept: (link: Link) => void): Promise<Listener> {
    return this.inner.listen(address, accept);
  }

  async connect(address: Address, timeoutMs: number): Promise<Link> {
    return new FaultyLink(await this.inner.connect(address, timeoutMs), () => this.#fate());
  }

  #fate(): Fate {
    if (!this.random.chance(this.cutPercent)) return 'passes';
    this.cuts += 1;
    return (['is lost', 'breaks', 'is not answered'] as const)[this.random.below(3)]!;
  }
}

type Fate = 'passes' | 'is lost' | 'breaks' | 'is not answered';

class FaultyLink implements Link {
  #isDeaf = false;

  constructor(
    private readonly inner: Link,
    private readonly fate: () => Fate,
  ) {}

  get remote(): string {
    return this.inner.remote;
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  open(events: LinkEvents): void {
    this.inner.open({
      data: (bytes) => {
        if (this.#isDeaf) this.inner.destroy();
        else events.data(bytes);
      },
      drained: () => events.drained(),
      closed: (reason) => events.closed(reason),
    });
  }

  write(chunks: readonly Uint8Array[]): void {
    const fate = this.fate();
    if (fate === 'passes') return this.inner.write(chunks);
    if (fate === 'is not answered') {
      this.#isDeaf = true;
      return this.inner.write(chunks);
    }
    const [first] = chunks;
    if (fate === 'breaks' && first !== undefined) {
      this.inner.write([first.subarray(0, Math.ceil(first.byteLength / 2))]);
      this.inner.end();
    } else this.inner.destroy();
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  end(): void {
    this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }
}
