import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { Inbox } from './inbox.js';

describe('the inbox', () => {
  let inbox: Inbox;
  beforeAll(async () => {
    inbox = await Inbox.start('127.0.0.1', 0, 0);
  });
  afterAll(() => inbox.close());

  const send = (to: string, subject: string): Promise<unknown> => {
    const transport = createTransport({ host: '127.0.0.1', port: inbox.smtpPort });
    return transport.sendMail({ from: 'a@example.com', to, subject, text: 'Hello' }).finally(() => transport.close());
  };

  it('keeps what came over SMTP and hands it to who waits', async () => {
    const waiting = inbox.waitFor(({ subject }) => subject === 'one', AbortSignal.timeout(5_000));
    await send('b@example.com', 'one');
    expect(await waiting).toMatchObject({ to: 'b@example.com', text: 'Hello\n' });
  });

  it('refuses bounce addresses for good, and busy ones twice', async () => {
    await expect(send('bounce@example.com', 'two')).rejects.toMatchObject({ responseCode: 550 });
    await expect(send('busy@example.com', 'three')).rejects.toMatchObject({ responseCode: 450 });
    await expect(send('busy@example.com', 'three')).rejects.toMatchObject({ responseCode: 450 });
    await send('busy@example.com', 'three');
    expect(inbox.mails.filter(({ subject }) => subject === 'three')).toHaveLength(1);
  });
});
