import { dto, exponential, proto, queue, topic } from '@trunkline/nest';
import { EmailSentSchema, SendEmailSchema } from './gen/trunkline/email/v1/email_pb.js';
import { OrderPlacedEvent } from './order.js';

/** An order was placed. The key is the customer's address. */
export const OrderPlaced = topic('orders.placed', dto(OrderPlacedEvent));

/** One e-mail to send. The key is the recipient's address, so each recipient's e-mails keep their order. */
export const SendEmail = queue('email.send', proto(SendEmailSchema), {
  retry: { attempts: 8, backoff: exponential(1_000, 60_000) },
});

/** An SMTP server took an e-mail. The key is the recipient's address. */
export const EmailSent = topic('email.sent', proto(EmailSentSchema));
