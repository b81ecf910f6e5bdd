import { create } from '@bufbuild/protobuf';
import { type SendEmail, SendEmailSchema } from '../gen/trunkline/email/v1/email_pb.js';
import type { OrderPlacedEvent } from '../order.js';

/** The confirmation of an order, as a job of the queue `email.send`. */
export function confirmation(order: OrderPlacedEvent): SendEmail {
  const lines = order.items.map(({ product, quantity, price }) => ({
    product,
    quantity,
    total: (quantity * price).toFixed(2),
  }));
  const total = order.items.reduce((sum, { quantity, price }) => sum + quantity * price, 0).toFixed(2);
  const text = [
    `Dear ${order.name},`,
    '',
    `we have received your order ${order.id}:`,
    '',
    ...lines.map(({ product, quantity, total: sum }) => `  ${quantity} x ${product}  ${sum}`),
    '',
    `Total: ${total}`,
    '',
  ].join('\n');
  const rows = lines.map(
    ({ product, quantity, total: sum }) =>
      `<tr><td>${quantity}</td><td>${escaped(product)}</td><td align="right">${sum}</td></tr>`,
  );
  const html = [
    `<p>Dear ${escaped(order.name)},</p>`,
    `<p>we have received your order <b>${escaped(order.id)}</b>:</p>`,
    `<table>${rows.join('')}<tr><td></td><td>Total</td><td align="right">${total}</td></tr></table>`,
  ].join('\n');
  return create(SendEmailSchema, {
    id: `order-confirmation-${order.id}`,
    to: order.email,
    subject: `Your order ${order.id}`,
    text,
    html,
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
