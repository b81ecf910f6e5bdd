import { embedded } from '@trunkline/engine-embedded';
import { Bus, Respond, Subscribe, TrunklineModule, Work, call, exponential, json, queue, topic } from '@trunkline/nest';
import { Injectable, Module } from '@nestjs/common';

export const OrderPlaced = topic('orders.placed', json<{ id: string; email: string }>());
export const SendEmail = queue('email.send', json<{ to: string }>(), {
  retry: { attempts: 8, backoff: exponential(1_000, 60_000) },
});
export const PriceOf = call('price.of', { request: json<string>(), reply: json<number>(), timeoutMs: 5_000 });

@Injectable()
export class Shop {
  readonly sent: string[] = [];
  constructor(private readonly bus: Bus) {}

  @Subscribe(OrderPlaced) // each service gets each event once
  async confirm(order: { id: string; email: string }) {
    await this.bus.enqueue(SendEmail, { to: order.email }, { key: order.email });
  }

  @Work(SendEmail, { concurrency: 20 }) // one worker does each job; retries, then dead letters
  send(job: { to: string }) {
    this.sent.push(job.to);
  }

  @Respond(PriceOf) // one answer for each question
  price(product: string) {
    return product.length;
  }
}

@Module({
  imports: [TrunklineModule.forRoot({ service: 'shop', engine: embedded({ memory: true }) })],
  providers: [Shop],
})
export class ShopModule {}
