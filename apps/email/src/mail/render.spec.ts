import { describe, expect, it } from '@jest/globals';
import type { OrderPlacedEvent } from '../order.js';
import { confirmation } from './render.js';

const order: OrderPlacedEvent = {
  id: 'o-1',
  email: 'ada@example.com',
  name: 'Ada <b>',
  placedAtMs: 0,
  items: [
    { product: 'anvil & bell', quantity: 2, price: 10.5 },
    { product: 'clock', quantity: 1, price: 0.1 },
  ],
};

describe('the confirmation of an order', () => {
  it('names the order, its lines and the total', () => {
    const email = confirmation(order);
    expect(email.to).toBe('ada@example.com');
    expect(email.id).toBe('order-confirmation-o-1');
    expect(email.text).toContain('2 x anvil & bell  21.00');
    expect(email.text).toContain('Total: 21.10');
  });

  it('lets no markup of the customer into the page', () => {
    const { html } = confirmation(order);
    expect(html).toContain('Ada &lt;b&gt;');
    expect(html).toContain('anvil &amp; bell');
  });
});
