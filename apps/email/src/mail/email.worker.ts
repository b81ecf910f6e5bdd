import { create } from '@bufbuild/protobuf';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, Reject, Subscribe, Work } from '@trunkline/nest';
import { EmailSent, OrderPlaced, SendEmail } from '../contracts.js';
import { EmailSentSchema, type SendEmail as SendEmailJob } from '../gen/trunkline/email/v1/email_pb.js';
import { OrderPlacedEvent } from '../order.js';
import { confirmation } from './render.js';
import { Smtp, SmtpRefused } from './smtp.js';

/** Turns orders into e-mails, and e-mails into SMTP. */
@Injectable()
export class EmailWorker implements OnApplicationShutdown {
  constructor(
    private readonly bus: Bus,
    private readonly smtp: Smtp,
  ) {}

  @Subscribe(OrderPlaced)
  async confirm(order: OrderPlacedEvent): Promise<void> {
    const email = confirmation(order);
    await this.bus.enqueue(SendEmail, email, { key: email.to.toLowerCase(), dedupeId: email.id });
  }

  @Work(SendEmail, { concurrency: 10, order: 'key', idempotent: { ttlMs: 86_400_000 } })
  async send(job: SendEmailJob): Promise<void> {
    try {
      const messageId = await this.smtp.send(job);
      const sent = create(EmailSentSchema, { id: job.id, to: job.to, messageId, sentAtMs: BigInt(Date.now()) });
      await this.bus.publish(EmailSent, sent, { key: job.to.toLowerCase() });
    } catch (reason) {
      if (reason instanceof SmtpRefused && reason.final) throw new Reject(`SMTP ${reason.message}`);
      throw reason;
    }
  }

  onApplicationShutdown(): void {
    this.smtp.close();
  }
}
