import { Injectable, Module } from '@nestjs/common';
import { kafka } from '@trunkline/engine-kafka';
import { Bus, Ctx, Key, type Message, Payload, Respond, Subscribe, TrunklineModule, Work } from '@trunkline/nest';
import { call, dto, json, queue, topic } from '@trunkline/nest';
import { IsEmail, IsString } from 'class-validator';

export class Order {
  @IsString() id!: string;
  @IsEmail() customer!: string;
}
export class Invoice {
  @IsEmail() to!: string;
}
export const OrderPlaced = topic('orders.placed', dto(Order));
export const SendInvoice = queue('invoices.send', dto(Invoice));
export const TotalOf = call('total.of', { request: json<string>(), reply: json<number>(), timeoutMs: 5_000 });
export const LinesOf = call.stream('lines.of', { request: json<string>(), item: json<string>(), timeoutMs: 5_000 });

@Injectable()
export class Billing {
  readonly log: string[] = [];
  constructor(private readonly bus: Bus) {}

  @Subscribe(OrderPlaced) // each service gets each event once
  async onOrder(order: Order, message: Message) {
    this.log.push(`${message.channel} ${order.id}, attempt ${message.attempt}`);
    await this.bus.enqueue(SendInvoice, { to: order.customer }, { key: order.customer });
  }

  @Subscribe('orders.placed', { broadcast: true }) // each process; by name: the class is read from the parameter
  refreshCache(order: Order) {
    this.log.push(`refresh ${order.id}`);
  }

  @Work(SendInvoice, { concurrency: 20, order: 'key' }) // one worker does each job
  send(@Payload() job: Invoice, @Key() customer: string) {
    this.log.push(`invoice to ${job.to} for ${customer}`);
  }

  @Respond(TotalOf)
  total(order: string): number {
    return order.length;
  }

  @Respond(LinesOf) // streamed, as fast as the caller reads
  async *lines(order: string, @Ctx() message: Message) {
    for (const product of ['anvil', 'bell']) if (!message.signal.aborted) yield `${order}: ${product}`;
  }
}

@Module({
  imports: [TrunklineModule.forRoot({ service: 'billing', engine: kafka({ brokers: ['localhost:9092'] }) })],
  providers: [Billing],
})
export class AppModule {}
